import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const temporary = mkdtempSync(join(tmpdir(), "lab-command-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Starts the command with a temporary folder of its own, where leftovers can be seen. */
function start(...args: string[]): {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly output: () => string;
} {
  const child = spawn(process.execPath, ["scripts/lab.ts", ...args], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary, NO_COLOR: "1", npm_config_yes: "" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, output }));
  });
  return { child, ended, output: () => output };
}

const run = (...args: string[]) => start(...args).ended;

describe("the lab command", () => {
  test("lists every lab with what it shows, where it comes from and what it needs", async () => {
    const { code, output } = await run("--list");
    expect(code).toBe(0);
    expect(output).toContain("deploy-app\n    A Deployment of one replica");
    expect(output).toContain("from k8s-combat › deploy · needs nothing");
    expect(output).toMatch(/istio-canary\n.*\n.* needs istio/);
  });

  test.each([
    [["istio-canray"], 2, "did you mean istio-canary?"],
    [
      ["deploy-app", "--cluster", "moon"],
      2,
      "--cluster moon: expected one of auto, embedded, k3s, kubeconfig",
    ],
    [["deploy-app", "--lang", "fr"], 2, "--lang fr: expected one of en, zh"],
    [["deploy-app", "--step", "none"], 2, "--step none: expected a number"],
    [["deploy-app", "--fast"], 2, "Unknown option '--fast'"],
    [["deploy-app", "--step", "99"], 2, "--step 99: deploy-app has 3 steps"],
    [
      ["deploy-app", "--json", "missing/run.json"],
      2,
      "--json missing/run.json: there is no folder",
    ],
    [["deploy-app", "--junit", "labs"], 2, "--junit labs: expected a file, this is a folder"],
    [["deploy-app", "--json"], 2, "'--json <value>' argument missing"],
    [[], 2, "expected a lab's name"],
  ])("%j ends with exit code %d and says why", async (args, code, message) => {
    const ended = await run(...args);
    expect(ended.output).toContain(message);
    // Said before anything starts.
    expect(ended.output).not.toContain("cluster:");
    expect(ended.code).toBe(code);
  });

  test("runs a lab to its verdict, writes JSON and JUnit, and leaves nothing behind", async () => {
    const [json, junit] = [join(temporary, "run.json"), join(temporary, "run.xml")];
    const { code, output } = await run(
      "deploy-app",
      "--cluster",
      "embedded",
      "--json",
      json,
      "--junit",
      junit,
    );
    expect(output).toContain("deploy-app passed");
    expect(code).toBe(0);
    const record = JSON.parse(readFileSync(json, "utf8"));
    expect(record).toMatchObject({ format: "kubelab-run/1", outcome: "passed" });
    const checks = record.labs[0].steps.flatMap((step: { checks: unknown[] }) => step.checks);
    expect(checks).toContainEqual(expect.objectContaining({ outcome: "pass", requests: 5 }));
    expect(readFileSync(junit, "utf8")).toContain(
      '<testsuite name="deploy-app" tests="3" failures="0"',
    );
    expect(leftovers()).toEqual([]);
  });

  test("two runs beside each other both pass", async () => {
    const both = await Promise.all([run("deploy-app"), run("deploy-app")]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s in the middle leaves no process and no folder",
    async (signal) => {
      const { child, ended, output } = start("deploy-app", "--cluster", "embedded");
      await expect.poll(output, { timeout: 20_000 }).toContain("kubectl apply");
      child.kill(signal);
      expect((await ended).code).toBe(signal === "SIGINT" ? 130 : 143);
      await expect.poll(leftovers, { timeout: 10_000 }).toEqual([]);
    },
  );

  test("after kill -9 the cluster's processes go away by themselves", async () => {
    const { child, ended, output } = start("deploy-app", "--cluster", "embedded");
    await expect.poll(output, { timeout: 20_000 }).toContain("kubectl apply");
    child.kill("SIGKILL");
    await ended;
    await expect.poll(leftovers, { timeout: 15_000 }).toEqual([]);
  });
});

/** Cluster folders in our temporary folder, and processes that were started with it. */
function leftovers(): string[] {
  const folders = readdirSync(temporary)
    .filter((name) => name.startsWith("kubelab-"))
    .flatMap((name) => readdirSync(join(temporary, name)).map((cluster) => `folder ${cluster}`))
    .filter((name) => !name.endsWith("compile-cache"));
  return [...folders, ...processes()];
}

function processes(): string[] {
  if (process.platform !== "linux") return [];
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return ids.filter((id) => belongsToUs(id)).map((id) => `process ${id}`);
}

function belongsToUs(id: string): boolean {
  try {
    const words =
      readFileSync(`/proc/${id}/cmdline`, "utf8") + readFileSync(`/proc/${id}/environ`, "utf8");
    return words.includes(temporary);
  } catch {
    // It ended meanwhile, or is somebody else's.
    return false;
  }
}
