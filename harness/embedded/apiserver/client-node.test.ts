import { PassThrough } from "node:stream";
import { CoreV1Api, Exec, KubeConfig, type V1Status, Watch } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import type { NodeAgent } from "../node-agent.ts";
import { configMaps, pods } from "../resources.ts";
import { ServerUnderTest } from "./golden.fixture.ts";

const agent: NodeAgent = {
  logs: async () => new PassThrough().end("line\n"),
  async exec(_pod, { stdin, stdout, command }) {
    for await (const chunk of stdin ?? []) stdout.write(`${command.join(" ")}: ${String(chunk)}`);
    return 4;
  },
  attach: async () => {},
  connect: async () => new PassThrough(),
};

function configOf(server: ServerUnderTest): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(server.kubeConfigPath);
  return config;
}

test("client-node reads, writes and is told of what is missing", async () => {
  await using server = await ServerUnderTest.start();
  const core = configOf(server).makeApiClient(CoreV1Api);
  const body = { metadata: { name: "c" }, data: { a: "b" } };
  await core.createNamespacedConfigMap({ namespace: "default", body });
  const list = await core.listNamespacedConfigMap({ namespace: "default" });
  expect(list.items.map(({ metadata }) => metadata?.name)).toEqual(["c"]);
  await expect(
    core.readNamespacedConfigMap({ namespace: "default", name: "nope" }),
  ).rejects.toMatchObject({ code: 404 });
});

test("client-node watches", async () => {
  await using server = await ServerUnderTest.start();
  const { client } = server.api;
  const metadata = { name: "w", namespace: "default" };
  const seen = Promise.withResolvers<string>();
  const path = "/api/v1/namespaces/default/configmaps";
  const request = await new Watch(configOf(server)).watch(
    path,
    {},
    (type, object: { metadata: { name: string } }) =>
      seen.resolve(`${type} ${object.metadata.name}`),
    () => {},
  );
  await client.create(configMaps, { metadata });
  expect(await seen.promise).toBe("ADDED w");
  request.abort();
});

test("client-node runs a command with input and learns its exit code", async () => {
  await using server = await ServerUnderTest.start();
  server.api.useNodeAgent(agent);
  const spec = { nodeName: "n", containers: [{ name: "c", image: "i" }] };
  await server.api.client.create(pods, { metadata: { name: "p", namespace: "default" }, spec });
  const output = new PassThrough();
  const input = new PassThrough();
  const ended = Promise.withResolvers<V1Status>();
  const command = ["say"];
  await new Exec(configOf(server)).exec(
    "default",
    "p",
    "c",
    command,
    output,
    null,
    input,
    false,
    (status) => ended.resolve(status),
  );
  input.end("hello");
  const status = await ended.promise;
  expect(String(output.read())).toBe("say: hello");
  expect(status.details?.causes?.[0]).toMatchObject({ reason: "ExitCode", message: "4" });
});
