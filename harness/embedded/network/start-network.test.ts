import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PodSandbox } from "../pod-network.ts";
import { issueCredential } from "./credential.ts";
import { decodePodEnvironment, networkVariable } from "./pod-environment.ts";
import { startNetwork, type StartedNetwork } from "./start-network.ts";
import { runInPod, say, type PodProcess } from "./testing/test-node.ts";
import { clusterResolver } from "./testing/cluster-resolver.ts";

let folder: string;
const stopped = new AbortController();
const started: AsyncDisposable[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kubelab-start-"));
});
afterEach(async () => {
  for (const each of started.splice(0).toReversed()) await each[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string): Promise<StartedNetwork> {
  const stateDir = mkdtempSync(join(folder, `${name}-`));
  const kubeconfigPath = join(stateDir, "kubeconfig");
  // Nobody answers there: pods reach each other without the API.
  const clusters = [{ name, cluster: { server: "https://127.0.0.1:1" } }];
  writeFileSync(kubeconfigPath, JSON.stringify({ clusters, users: [{ name, user: {} }] }));
  const network = await startNetwork({ stateDir, kubeconfigPath, signal: stopped.signal });
  started.push(network);
  return network;
}

const sandbox = (name: string, ip: string): PodSandbox => ({
  namespace: "default",
  name,
  uid: `uid-${name}`,
  ip,
  hostname: name,
  resolver: clusterResolver("default"),
  hosts: {},
});

const environmentOf = (network: StartedNetwork, pod: PodSandbox) =>
  decodePodEnvironment(network.environment(pod, { proxy: false })[networkVariable] ?? "");

function run(network: StartedNetwork, pod: PodSandbox, code: string, more = {}): PodProcess {
  const running = runInPod(network.environment(pod, { proxy: false }), say + code, more);
  started.push(running);
  return running;
}

const serve = (text: string) => `import http from "node:http";
  http.createServer((req, res) => res.end("${text}")).listen(8080, () => say("up"));`;
const fetchText = (url: string) =>
  `say(await fetch("${url}").then((r) => r.text(), (e) => [e.cause.code, e.cause.message]));`;

/** The network's own process, by the folder that it was given. */
function childOf(parent: number): number | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const parentPid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      if (parentPid === parent && command.includes("node-proxy.ts")) return Number(pid);
    } catch {
      // Ended meanwhile.
    }
  }
  return undefined;
}

test("two clusters with the same pod addresses do not meet", async () => {
  const networks = [await start("one"), await start("two")];
  const web = sandbox("web", "10.244.0.5");
  const caller = sandbox("caller", "10.244.0.6");
  for (const [index, network] of networks.entries()) {
    await network.addPod(web);
    await network.addPod(caller);
    expect(await run(network, web, serve(`cluster ${index}`)).next()).toBe("up");
  }
  for (const [index, network] of networks.entries())
    expect(await run(network, caller, fetchText("http://10.244.0.5:8080/")).next()).toBe(
      `cluster ${index}`,
    );
  const [one, two] = networks;
  if (!one || !two) throw new Error("unreachable");
  // A credential of one cluster at the socket of the other.
  const mixed = { ...environmentOf(one, caller), socket: environmentOf(two, caller).socket };
  const intruder = run(one, caller, fetchText("http://10.244.0.5:8080/"), {
    KUBELAB_NETWORK: Buffer.from(JSON.stringify(mixed)).toString("base64url"),
  });
  expect(await intruder.next()).toEqual([
    "ENETUNREACH",
    expect.stringContaining("the credential is not of this cluster"),
  ]);
});

test("a forged credential opens nothing", async () => {
  const network = await start("one");
  const pod = sandbox("web", "10.244.0.5");
  await network.addPod(pod);
  const socket = connect(environmentOf(network, pod).socket);
  const forged = issueCredential("a guess", { kind: "node" });
  socket.write(`${JSON.stringify({ request: 0, body: { op: "hello", ...forged } })}\n`);
  socket.write(`${JSON.stringify({ request: 1, body: { op: "removePod", ip: pod.ip } })}\n`);
  expect((await socket.toArray()).join("")).toBe(
    `${JSON.stringify({ rejected: "the credential is not of this cluster" })}\n`,
  );
});

test("the node connects to pods, and by their loopback where asked", async () => {
  const network = await start("one");
  const pod = sandbox("web", "10.244.0.5");
  await network.addPod(pod);
  const program = run(
    network,
    pod,
    `import net from "node:net";
    net.createServer((s) => s.end(s.remoteAddress)).listen(8080, "0.0.0.0", () =>
      net.createServer((s) => s.end("private")).listen(9090, "127.0.0.1", () => say("up")));`,
  );
  await program.next();
  const socket = await network.connect(pod.ip, 8080, { timeoutMs: 1_000 });
  expect((await socket.toArray()).join("")).toBe("10.244.0.1");
  const refused = { code: "ECONNREFUSED", message: "connect ECONNREFUSED 10.244.0.5:9090" };
  await expect(network.connect(pod.ip, 9090, { timeoutMs: 1_000 })).rejects.toMatchObject(refused);
  const own = await network.connect(pod.ip, 9090, { timeoutMs: 1_000, loopback: true });
  expect((await own.toArray()).join("")).toBe("private");
  await network.removePod(pod.ip);
  await expect(network.connect(pod.ip, 8080, { timeoutMs: 1_000 })).rejects.toMatchObject({
    code: "EHOSTUNREACH",
  });
});

test.runIf(process.platform === "linux")(
  "a node proxy that is killed is replaced, and finds pods and ports as they were",
  async () => {
    const network = await start("one");
    const [web, caller] = [sandbox("web", "10.244.0.5"), sandbox("caller", "10.244.0.6")];
    await network.addPod(web);
    await network.addPod(caller);
    const server = run(network, web, serve("still here"));
    await server.next();
    const patient = run(
      network,
      caller,
      `
      const attempt = () => fetch("http://10.244.0.5:8080/").then((r) => r.text(), (e) => e.cause.code);
      say(await attempt());
      await new Promise((done) => setTimeout(done, 600));
      // The next one boots as fast as the machine lets it.
      let answer;
      do answer = await attempt();
      while (answer !== "still here" && performance.now() < 15_000);
      say(answer);`,
    );
    expect(await patient.next()).toBe("still here");
    const pid = childOf(process.pid);
    if (pid === undefined) throw new Error("the node proxy was not found");
    process.kill(pid, "SIGKILL");
    expect(await patient.next()).toBe("still here");
    expect(childOf(process.pid)).not.toBe(pid);
  },
);

test("without a node proxy a pod's connections fail and say why, and its processes end", async () => {
  const network = await start("one");
  const caller = sandbox("caller", "10.244.0.6");
  await network.addPod(caller);
  await network.stop();
  await network.stop();
  const call = run(network, caller, fetchText("http://10.244.0.5:8080/"));
  expect(await call.next()).toEqual([
    "ENETUNREACH",
    expect.stringContaining("kubelab's node proxy"),
  ]);
  expect(await call.exited).toBe(0);
  expect(
    await run(
      network,
      caller,
      `import dns from "node:dns";
    dns.lookup("web", (error) => say(error.code));`,
    ).next(),
  ).toBe("EAI_AGAIN");
});

test("an abort before the start prevents it", async () => {
  const aborted = AbortSignal.abort(new Error("not today"));
  const options = { stateDir: folder, kubeconfigPath: "/nonexistent", signal: aborted };
  await expect(startNetwork(options)).rejects.toThrow("not today");
});
