import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApiServer, type ListeningApiServer } from "./apiserver/api-server.ts";
import { createHttpClient, readKubeConfig, type HttpClient } from "./http-client.ts";
import { configMaps, services } from "./resources.ts";
import { StatusError } from "./status-error.ts";

const api = createApiServer();
let folder: string;
let listening: ListeningApiServer;
let client: HttpClient;
const key = { namespace: "default", name: "c" };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kubelab-http-"));
  listening = await api.listen({ stateDir: folder });
  client = createHttpClient(readKubeConfig(listening.kubeConfigPath ?? ""));
});
afterAll(async () => {
  client.close();
  await listening.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("does over HTTPS what the in-process client does", async () => {
  const created = await client.create(configMaps, { metadata: key, data: { a: "1" } });
  expect(created).toEqual(await api.client.get(configMaps, key));
  await client.update(configMaps, { ...created, data: { a: "2" } });
  await client.patch(configMaps, key, { type: "merge", body: { data: { b: "3" } } });
  await client.patch(configMaps, key, { type: "json", body: [{ op: "remove", path: "/data/a" }] });
  expect((await client.get(configMaps, key)).data).toEqual({ b: "3" });
  const { items, resourceVersion } = await client.list(configMaps, {
    namespace: "default",
    fieldSelector: "metadata.name=c",
  });
  expect(items).toHaveLength(1);
  expect(Number(resourceVersion)).toBeGreaterThan(0);
  await client.delete(configMaps, key, { propagationPolicy: "Background" });
  await expect(client.get(configMaps, key)).rejects.toMatchObject({
    code: 404,
    reason: "NotFound",
    message: 'configmaps "c" not found',
  });
});

test("writes a status by its subresource alone", async () => {
  const web = { namespace: "default", name: "web" };
  const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
  await client.create(services, { metadata: web, spec });
  const body = { status: { loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } } };
  await client.patch(services, web, { type: "merge", body });
  expect((await client.get(services, web)).status?.loadBalancer?.ingress).toBeUndefined();
  await client.patch(services, web, { type: "merge", body }, { subresource: "status" });
  expect((await client.get(services, web)).status?.loadBalancer?.ingress?.[0]?.ip).toBe(
    "127.0.0.1",
  );
});

test("a watch that is left early closes its connection, and may be aborted afterwards", async () => {
  const stopped = new AbortController();
  await client.create(configMaps, { metadata: { ...key, name: "left" } });
  const watch = { fieldSelector: "metadata.name=left", signal: stopped.signal };
  const before = await connections();
  for await (const { type } of client.watch(configMaps, watch)) {
    expect(type).toBe("ADDED");
    break;
  }
  stopped.abort();
  await expect.poll(connections).toBeLessThanOrEqual(before);
});

/** Connections that this process holds open to the API server. */
async function connections(): Promise<number> {
  return process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
}

test("a watch tells changes in order and ends at its signal", async () => {
  const stopped = new AbortController();
  const seen: string[] = [];
  await client.create(configMaps, { metadata: { ...key, name: "watched" } });
  const fieldSelector = "metadata.name=watched";
  for await (const { type } of client.watch(configMaps, {
    fieldSelector,
    signal: stopped.signal,
  })) {
    seen.push(type);
    const watched = { ...key, name: "watched" };
    if (type === "ADDED")
      await client.patch(configMaps, watched, { type: "merge", body: { data: { x: "y" } } });
    if (type === "MODIFIED") await client.delete(configMaps, watched);
    if (type === "DELETED") stopped.abort();
  }
  expect(seen).toEqual(["ADDED", "MODIFIED", "DELETED"]);
});

test("a server's refusal is a StatusError, and a server that is not there an error of the system", async () => {
  const options = readKubeConfig(listening.kubeConfigPath ?? "");
  const nobody = createHttpClient({
    ...options,
    certificate: undefined,
    key: undefined,
    token: () => "forged",
  });
  const refusal = await nobody.list(services).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(StatusError);
  expect(refusal).toMatchObject({ code: 401, reason: "Unauthorized" });
  const absent = createHttpClient({ ...options, server: "https://127.0.0.1:1" });
  await expect(absent.list(services)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  const stranger = createHttpClient({ ...options, caCertificate: createApiServer().caCertificate });
  await expect(stranger.list(services)).rejects.toThrow(/certificate/);
  for (const each of [nobody, absent, stranger]) each.close();
});
