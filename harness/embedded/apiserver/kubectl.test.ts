import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findKubectl } from "../find-kubectl.fixture.ts";
import type { NodeAgent } from "../node-agent.ts";
import { pods } from "../resources.ts";
import { ServerUnderTest } from "./golden.fixture.ts";

/** Runs what it is asked on this machine; the API server under test does not know the difference. */
const agent: NodeAgent = {
  logs: async () => Readable.from(["one\n", "two\n"]),
  exec: (_pod, { command: [file = "", ...rest], stdin, stdout, stderr }) =>
    new Promise((resolve, reject) => {
      const child = spawn(file, rest);
      if (stdin) stdin.pipe(child.stdin);
      else child.stdin.end();
      child.stdout.pipe(stdout, { end: false });
      child.stderr.pipe(stderr, { end: false });
      child.on("error", reject);
      child.on("close", (code) => resolve(code ?? 137));
    }),
  attach: async () => {},
  connect: async (_pod, port) => connect(port, "127.0.0.1"),
};

const manifest = (replicas: number, more = ""): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default${more}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "web:1", env: [{name: A, value: "1"}]}]
`;

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

for (const version of ["1.27", "1.30", "1.33"]) {
  const kubectl = findKubectl(version);
  // Machines have none, one or many of them: those that are missing show as skipped.
  describe.skipIf(!kubectl)(`kubectl ${version}`, () => {
    talksToTheServer(kubectl ?? "");
  });
}

function talksToTheServer(kubectl: string): void {
  let server: ServerUnderTest;
  let folder = "";
  beforeAll(async () => {
    server = await ServerUnderTest.start();
    server.api.useNodeAgent(agent);
    folder = await mkdtemp(join(tmpdir(), "kubelab-kubectl-"));
    const spec = { nodeName: "n", containers: [{ name: "c", image: "i" }] };
    const { client } = server.api;
    const pod = await client.create(pods, { metadata: { name: "p", namespace: "default" }, spec });
    await client.update(pods, { ...pod, status: { phase: "Running" } }, { subresource: "status" });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  function run(words: string, input = ""): Promise<Result> {
    return new Promise((resolve) => {
      const env = { ...process.env, HOME: folder, KUBECONFIG: server.kubeConfigPath };
      const child = execFile(kubectl, words.split(" "), { env }, (error, out, err) => {
        const code = error ? Number(error.code ?? 1) : 0;
        resolve({ code, out, err });
      });
      child.stdin?.end(input);
    });
  }

  test("applies, applies again, and merges by key what others set", async () => {
    expect((await run("apply -f -", manifest(2))).out).toBe("deployment.apps/web created\n");
    expect((await run("apply -f -", manifest(2))).out).toBe("deployment.apps/web unchanged\n");
    const patch =
      '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"B","value":"2"}]}]}}}}';
    await run(`patch deployment web -p ${patch}`);
    await run("apply -f -", manifest(3));
    const path = "{.spec.replicas}{range.spec.template.spec.containers[0].env[*]}{.name}{end}";
    expect((await run(`get deployment web -o jsonpath=${path}`)).out).toBe("3AB");
  });

  test("says which kind is not served", async () => {
    const cron = { apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "nightly" } };
    const { code, err } = await run("apply -f -", JSON.stringify(cron));
    expect(code).toBe(1);
    expect(err).toContain('no matches for kind "CronJob" in version "batch/v1"');
  });

  test("warns of Endpoints, which are deprecated", async () => {
    const { err } = await run("get endpoints");
    expect(err).toContain(
      "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n",
    );
  });

  test("refuses an unknown field by name", async () => {
    const { err } = await run("apply -f -", manifest(3, ", bogus: 1"));
    expect(err).toContain("The request is invalid: patch: Invalid value:");
    expect(err).toContain('strict decoding error: unknown field "metadata.bogus"');
    const created = await run("create -f -", manifest(3, ", bogus: 1"));
    expect(created.err).toContain(
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "metadata.bogus"',
    );
  });

  test("applies on the server, and names the owner of a field in conflict", async () => {
    const { err } = await run("apply --server-side -f -", manifest(9));
    expect(err).toContain(
      'conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
    );
    const forced = await run("apply --server-side --force-conflicts -f -", manifest(9));
    expect(forced.out).toBe("deployment.apps/web serverside-applied\n");
  });

  test("creates, explains, diffs, scales and deletes", async () => {
    expect((await run("create configmap c --from-literal=a=b")).out).toBe("configmap/c created\n");
    expect((await run("get configmap c -o jsonpath={.data.a}")).out).toBe("b");
    expect((await run("explain deployment.spec.strategy")).out).toContain("rollingUpdate");
    const recursive = await run("explain deployment --recursive");
    expect(recursive.err).toBe("");
    expect(recursive.out).toContain("fieldsV1\t<FieldsV1>");
    expect((await run("diff -f -", manifest(4))).out).toContain("+  replicas: 4");
    expect((await run("scale deployment web --replicas=1")).out).toContain("scaled");
    expect((await run("delete deployment web")).out).toContain('"web" deleted');
    expect((await run("get deployment web")).err).toContain('deployments.apps "web" not found');
  });

  test("acts as another user", async () => {
    const { err } = await run("get pods --as=nobody");
    expect(err).toContain(
      'pods is forbidden: User "nobody" cannot list resource "pods" in API group "" in the namespace "default"',
    );
  });

  test("lists what a user may do, by cluster roles and by roles of the namespace", async () => {
    await run("create role reader --verb=get,list --resource=pods");
    await run("create rolebinding reader --role=reader --user=jane");
    const { out, err } = await run("auth can-i --list --as=jane");
    expect(err).toBe("");
    expect(out).toMatch(/^pods +\[\] +\[\] +\[get list\]$/m);
    expect(out).toMatch(/^selfsubjectreviews\.authentication\.k8s\.io +\[\] +\[\] +\[create\]$/m);
    expect(out).toMatch(/^ +\[\/version\] +\[\] +\[get\]$/m);
    expect((await run("auth can-i --list")).out).toMatch(/^\*\.\* +\[\] +\[\] +\[\*\]$/m);
  });

  test("describes a namespace, which has no quota and no limits", async () => {
    expect((await run("describe namespace default")).out).toMatch(
      /\nStatus: +Active\n\nNo resource quota\.\n\nNo LimitRange resource\.\n$/,
    );
  });

  test("shows logs, and runs commands with their input, output and exit code", async () => {
    expect((await run("logs p")).out).toBe("one\ntwo\n");
    expect((await run("exec -i p -- cat", "hello")).out).toBe("hello");
    const failed = await run("exec p -- sh -c exit${IFS}3");
    expect(failed.code).toBe(3);
    const big = await run("exec p -- head -c 300000 /dev/zero");
    expect(big.out.length).toBe(300_000);
  });

  test("forwards a port", async () => {
    await using target = await startGreeter();
    const child = spawn(kubectl, ["port-forward", "p", `:${target.port}`], {
      env: { ...process.env, HOME: folder, KUBECONFIG: server.kubeConfigPath },
    });
    try {
      const local = await localPort(child.stdout);
      const [first, second] = await Promise.all([greetingAt(local), greetingAt(local)]);
      expect([first, second]).toEqual(["hello, you", "hello, you"]);
    } finally {
      child.kill();
    }
  });
}

/** A TCP server that greets whoever says a name. */
async function startGreeter(): Promise<AsyncDisposable & { port: number }> {
  const greeter = createServer((socket) => {
    socket.on("data", (name) => socket.end(`hello, ${name.toString()}`));
  });
  await new Promise<void>((resolve) => greeter.listen(0, "127.0.0.1", resolve));
  const { port } = greeter.address() as AddressInfo;
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => greeter.close(() => resolve())),
  };
}

/** The port that kubectl says it forwards from. */
function localPort(output: Readable): Promise<number> {
  return new Promise((resolve, reject) => {
    // Read on after the port: kubectl dies when it writes to a closed pipe.
    output.on("data", (chunk: Buffer) => {
      const found = /127\.0\.0\.1:(\d+)/.exec(chunk.toString())?.[1];
      if (found) resolve(Number(found));
    });
    output.on("end", () => reject(new Error("kubectl ended without naming a port")));
  });
}

async function greetingAt(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write("you");
  let text = "";
  for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}
