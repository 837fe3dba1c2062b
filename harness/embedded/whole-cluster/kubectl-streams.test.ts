import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../time/clock.ts";
import { pods } from "../resources.ts";
import { findKubectl } from "../find-kubectl.fixture.ts";
import { eventually, idle, startTestCluster, web, type TestCluster } from "./cluster.fixture.ts";

const namespace = "default";
let cluster: TestCluster;
let home = "";
beforeAll(async () => {
  cluster = await startTestCluster();
  home = await mkdtemp(join(tmpdir(), "kubelab-kubectl-"));
  const echo = 'echo ready; while read line; do echo "got $line"; done';
  const spec = {
    terminationGracePeriodSeconds: 1,
    containers: [
      web({ volumeMounts: [{ name: "data", mountPath: "/data" }] }),
      idle({ name: "echo", command: ["sh", "-c", echo], stdin: true }),
    ],
    volumes: [{ name: "data", emptyDir: {} }],
  };
  await cluster.client.create(pods, {
    metadata: { namespace, name: "p", labels: { app: "p" } },
    spec,
  });
  const crash = idle({ command: ["sh", "-c", "echo $((RUN += 1)) last words; exit 3"] });
  const metadata = { namespace, name: "crash" };
  await cluster.client.create(pods, { metadata, spec: { containers: [crash] } });
  await cluster.readyPods({ app: "p" }, 1);
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

// 1.27 speaks SPDY, 1.33 WebSocket.
for (const version of ["1.27", "1.33"]) {
  const kubectl = findKubectl(version);
  // Machines have none, one or many of them: those that are missing show as skipped.
  describe.skipIf(!kubectl)(`kubectl ${version}`, () => {
    reachesPods(kubectl ?? "");
  });
}

function reachesPods(kubectl: string): void {
  const env = () => ({ ...process.env, HOME: home, KUBECONFIG: cluster.kubeConfigPath });

  function run(words: readonly string[], input = ""): Promise<Result> {
    return new Promise((resolve) => {
      const child = execFile(kubectl, words, { env: env() }, (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err });
      });
      child.stdin?.on("error", () => {});
      child.stdin?.end(input);
    });
  }

  const start = (...words: string[]): ChildProcess =>
    spawn(kubectl, words, { env: env(), stdio: ["pipe", "pipe", "pipe"] });

  test("exec carries input, both outputs and the exit code", async () => {
    const script = "cat; echo oops >&2; exit 7";
    const told = await run(["exec", "-i", "p", "-c", "web", "--", "sh", "-c", script], "hello\n");
    expect(told).toEqual({
      code: 7,
      out: "hello\n",
      err: "oops\ncommand terminated with exit code 7\n",
    });
    const big = await run(["exec", "p", "-c", "web", "--", "head", "-c", "900000", "/dev/zero"]);
    expect(big.out.length).toBe(900_000);
    const missing = await run(["exec", "p", "-c", "web", "--", "nope"]);
    expect(missing.code).not.toBe(0);
    expect(missing.err).toMatch(
      /^error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "[0-9a-f]{64}": OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in \$PATH: unknown\n$/,
    );
  });

  test("logs show a container, all of them, their tail, and what comes next", async () => {
    expect((await run(["logs", "p", "-c", "echo", "--tail=100"])).out).toMatch(/^ready\n/);
    const all = await run(["logs", "p", "--all-containers", "--prefix"]);
    expect(all.out).toContain("[pod/p/echo] ready\n");
    const unnamed = await run(["logs", "p"]);
    expect(`${unnamed.out}${unnamed.err}`).toMatch(/container "?web"?|choose one of: \[web echo\]/);
    const following = start("logs", "p", "-c", "echo", "-f", "--tail=0");
    const attached = start("attach", "-i", "p", "-c", "echo");
    try {
      const word = `w${Math.random()}`;
      // Nobody knows when kubectl has begun to follow: the word is said until it is seen.
      const seen = new AbortController();
      const line = nextLine(following).finally(() => seen.abort());
      while (!seen.signal.aborted) {
        attached.stdin?.write(`${word}\n`);
        await systemClock.sleep(50);
      }
      expect(await line).toBe(`got ${word}`);
    } finally {
      following.kill();
      attached.kill();
    }
  });

  test("logs --previous shows the run before", async () => {
    await eventually(async () => {
      const { code, out } = await run(["logs", "crash", "--previous"]);
      expect([code, out]).toEqual([0, "1 last words\n"]);
    });
  });

  test("attach writes to the container's process and shows what it says", async () => {
    const attached = start("attach", "-i", "p", "-c", "echo");
    try {
      const line = nextLine(attached, /^got/);
      attached.stdin?.write("attached\n");
      expect(await line).toBe("got attached");
    } finally {
      attached.kill();
    }
  });

  test("port-forward leads to the pod, again and again", async () => {
    const forward = start("port-forward", "p", ":8080");
    try {
      const said = await nextLine(forward, /^Forwarding from 127/);
      const port = Number(/127\.0\.0\.1:(\d+) ->/.exec(said)?.[1]);
      for (let tries = 0; tries < 3; tries++) expect(await fetchText(port)).toBe("p\n");
      expect(await Promise.all([fetchText(port), fetchText(port)])).toEqual(["p\n", "p\n"]);
    } finally {
      forward.kill();
    }
  });

  test("cp carries files and folders in and out, byte for byte", async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256));
    await writeFile(join(home, "in.bin"), bytes);
    for (const folder of ["/data", "/tmp"]) {
      const inside = `p:${folder}/copied.bin`;
      expect(await run(["cp", join(home, "in.bin"), inside, "-c", "web"])).toMatchObject({
        code: 0,
      });
      const out = join(home, "out.bin");
      expect(await run(["cp", inside, out, "-c", "web"])).toMatchObject({ code: 0 });
      expect((await readFile(out)).equals(bytes)).toBe(true);
      await rm(out);
    }
    expect(await run(["cp", "p:/data", join(home, "all"), "-c", "web"])).toMatchObject({ code: 0 });
    expect((await readFile(join(home, "all", "copied.bin"))).equals(bytes)).toBe(true);
    await rm(join(home, "all"), { recursive: true });
    const listed = await run(["exec", "p", "-c", "web", "--", "ls", "/data"]);
    expect(listed.out).toBe("copied.bin\n");
  });
}

function nextLine(child: ChildProcess, wanted = /^/): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error("no output"));
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => wanted.test(line) && resolve(line));
    lines.on("close", () => reject(new Error("kubectl ended")));
  });
}

function fetchText(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", agent: false }, (response) => {
      text(response).then(resolve, reject);
    }).on("error", reject);
  });
}
