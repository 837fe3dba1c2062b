import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CoreV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StartedCluster } from "../harness/clusters/cluster.ts";
import { embeddedCluster } from "../harness/clusters/embedded.ts";

const script = fileURLToPath(new URL("conformance.ts", import.meta.url));
const { signal } = new AbortController();
let foreign: StartedCluster;
let folder: string;

beforeAll(async () => {
  foreign = await embeddedCluster().start({ signal });
  folder = mkdtempSync(join(tmpdir(), "kubelab-conformance-"));
});

afterAll(async () => {
  await foreign?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ code: number; output: string }> {
  const env = { ...process.env, KUBECONFIG: foreign.kubeConfigPath };
  const words = [script, "--context", foreign.kubeConfig.getCurrentContext(), ...args];
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, words, { env });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

const namespaces = async (): Promise<readonly (string | undefined)[]> => {
  const { items } = await foreign.kubeConfig.makeApiClient(CoreV1Api).listNamespace();
  return items.map(({ metadata }) => metadata?.name);
};

test("a cluster's labs are told with versions, verdicts, error rates, and why some were skipped", async () => {
  const before = await namespaces();
  const out = join(folder, "some");
  const { code, output } = await run("--labs", "service-round-robin,istio-canary", "--out", out);
  expect({ code, output }).toMatchObject({ code: 0 });
  const markdown = readFileSync(join(out, "conformance.md"), "utf8");
  expect(markdown).toContain("1 passed, 0 failed, 1 skipped");
  expect(markdown).toContain(`| Kubernetes | ${foreign.serverVersion} |`);
  expect(markdown).toMatch(/\| istio-canary \| skipped \| .* has no working istio \|/);
  expect(markdown).toMatch(/to balance over 2 pods \| pass \| ≤ 1e-6 \| \d+ \|/);
  const junit = readFileSync(join(out, "conformance.xml"), "utf8");
  expect(junit).toContain('<testsuite name="service-round-robin"');
  expect(junit).toContain("<skipped");
  const report = JSON.parse(readFileSync(join(out, "conformance.json"), "utf8")) as object;
  expect(report).toMatchObject({ format: "kubelab-run/1", outcome: "passed" });
  expect(await namespaces()).toEqual(before);
}, 120_000);

test("with --install a missing add-on is installed, its version told, and nothing of it left", async () => {
  const before = await namespaces();
  const out = join(folder, "install");
  const { code, output } = await run("--labs", "istio-header-routing", "--install", "--out", out);
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(readFileSync(join(out, "conformance.md"), "utf8")).toContain("| istio | 1.31.0 |");
  expect(await namespaces()).toEqual(before);
}, 180_000);

test("a folder that cannot take the report is told before a lab runs", async () => {
  const out = join(folder, "taken");
  writeFileSync(out, "");
  const { code, output } = await run("--labs", "deploy-app", "--out", out);
  expect(output).toContain(`--out ${out}: this folder cannot be made: EEXIST`);
  expect(output).not.toContain("passed");
  expect(code).toBe(2);
}, 60_000);

test("a run that could check nothing has not passed", async () => {
  const out = join(folder, "nothing");
  const { code, output } = await run("--labs", "istio-canary", "--out", out);
  expect(output).toContain("skipped     istio-canary");
  expect(code).toBe(1);
}, 60_000);
