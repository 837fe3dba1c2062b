import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("doctor.ts", import.meta.url));

async function run(env: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const options = { env: { ...process.env, ...env } };
  const { stdout } = await promisify(execFile)(process.execPath, [script], options);
  return stdout.trimEnd().split("\n");
}

/** Each thing that was looked at with what follows it. */
function byName(lines: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  let last = "";
  for (const line of lines) {
    const name = /^(?:ok  |mind|no  ) (.{14})/.exec(line)?.[1]?.trim();
    if (name !== undefined) last = name;
    found.set(last, `${found.get(last) ?? ""}${line}\n`);
  }
  return found;
}

test("says of each thing that it is ok, or what to do", async () => {
  const found = byName(await run());
  expect([...found.keys()]).toEqual([
    "Node.js",
    "memory",
    "disk",
    "ports",
    "proxies",
    "Docker engine",
    "cgroups",
    "engine memory",
    "k3s image",
    "inotify",
    "kubectl",
  ]);
  const silent = [...found.values()].filter(
    (text) => !text.startsWith("ok") && !/\n {7}→ \S/.test(text),
  );
  expect(silent).toEqual([]);
}, 30_000);

test("without an engine it says how to get one, and does not fail: the embedded cluster needs none", async () => {
  const found = byName(await run({ DOCKER_HOST: "unix:///tmp/no-such.sock" }));
  expect(found.get("Docker engine")).toMatch(/^no .*no Docker engine answers at DOCKER_HOST=/);
  expect(found.get("Docker engine")).toContain("→ Start Docker");
}, 30_000);

test("a proxy that takes loopback traffic is told", async () => {
  const found = byName(await run({ HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "", no_proxy: "" }));
  expect(found.get("proxies")).toContain("→ export NO_PROXY=localhost,127.0.0.1");
}, 30_000);
