import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Workbench } from "./testing/workbench.ts";

const script = "scripts/cluster.ts";

describe("npm run cluster", () => {
  test.each([
    [[], "or down, got nothing"],
    [["upp"], "got upp"],
    [["up", "please"], "unexpected argument: please"],
    [["up", "--port", "http"], "--port http: expected a number from 1 to 65535"],
    [["up", "--port", "70000"], "--port 70000: expected a number from 1 to 65535"],
    [["up", "--name", "../x"], "--name ../x: expected up to 32 lower-case letters"],
    [["up", "--fast"], "Unknown option '--fast'"],
    [["up", "--port"], "'--port <value>' argument missing"],
    [["down"], "no embedded cluster named default runs"],
    [["down", "--name", "other"], "no embedded cluster named other runs"],
  ])("%j ends with exit code 2, says why and starts nothing", async (args, message) => {
    await using bench = new Workbench();
    const { code, output } = await bench.run(script, ...args);
    expect(output).toContain(message);
    expect(output).not.toMatch(/\n\s+at /);
    expect(code).toBe(2);
    expect(bench.leftovers()).toEqual([]);
  });

  test("down --all and status of nothing simply say so", async () => {
    await using bench = new Workbench();
    expect(await bench.run(script, "down", "--all")).toEqual({
      code: 0,
      output: "no embedded cluster runs\n",
    });
    const status = await bench.run(script, "status");
    expect(status.code).toBe(0);
    expect(status.output).toContain("no embedded cluster runs; npm run cluster up starts one");
  });

  test("a second cluster of one name and a taken port are refused and disturb nothing", async () => {
    await using bench = new Workbench();
    expect((await bench.run(script, "up")).code).toBe(0);
    const again = await bench.run(script, "up");
    expect(again.code).toBe(2);
    expect(again.output).toContain("an embedded cluster named default runs already");
    expect(again.output).toContain("npm run cluster down");

    const port = apiPort(bench, "default");
    const taken = await bench.run(script, "up", "--name", "two", "--port", port);
    expect(taken.code).toBe(3);
    expect(taken.output).toContain(`port ${port} of 127.0.0.1 is in use by another program`);
    expect(taken.output).toContain("choose another");

    const status = await bench.run(script, "status");
    expect(status.output).toMatch(/^default \(process \d+\)\n/);
    expect(status.output).not.toContain("two");
    expect((await bench.run(script, "down")).output).toBe("cluster default is down\n");
    expect(await bench.leftoversAfter(5_000)).toEqual([]);
  });
});

describe("a folder for temporary files", () => {
  test("that is not there, or is no folder, is one clear error", async () => {
    await using bench = new Workbench();
    const file = join(bench.folder, "file");
    writeFileSync(file, "");
    for (const TMPDIR of [join(bench.folder, "missing"), file, "/proc"]) {
      const up = bench.start(process.execPath, [script, "up"], { env: { TMPDIR } });
      const { code, output } = await up.ended;
      expect(output).toMatch(
        /^\S+ cannot be written: E[A-Z]+\n {2}→ Set TMPDIR to a folder of your own .*\n$/,
      );
      expect(code).toBe(3);
    }
  });

  test("in which somebody put a file in our place is one clear error", async () => {
    await using bench = new Workbench();
    const uid = process.getuid?.() ?? 0;
    writeFileSync(join(bench.folder, `kubelab-${uid}`), "");
    const { code, output } = await bench.node(script, "up").ended;
    expect(output).toContain(`kubelab-${uid} is not a folder`);
    expect(code).toBe(3);
  });

  test("so deep that no socket fits in it works, and leaves nothing", async () => {
    await using bench = new Workbench();
    const deep = join(bench.folder, "x".repeat(100));
    mkdirSync(deep);
    const lab = ["scripts/lab.ts", "deploy-app", "--cluster", "embedded"];
    const run = bench.start(process.execPath, lab, { env: { TMPDIR: deep } });
    expect((await run.ended).output).toContain("deploy-app passed");
    expect(await bench.leftoversAfter(5_000)).toEqual([]);
  });

  test("on a full disk is one clear error that names the folder", async ({ skip }) => {
    await using bench = new Workbench();
    const disk = join(bench.folder, "disk");
    mkdirSync(disk);
    if (!mountSmallDisk(disk)) skip("a disk of its own needs root on Linux");
    try {
      const up = bench.start(process.execPath, [script, "up"], { env: { TMPDIR: disk } });
      const { code, output } = await up.ended;
      expect(output).toMatch(
        /^\S+disk\/kubelab-\d+ has 0 MiB left; a cluster needs 32 MiB\n {2}→ /,
      );
      expect(output).toContain("[DISK_FULL]");
      expect(code).toBe(3);
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});

function mountSmallDisk(folder: string): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The port of the API server, from the kubeconfig. */
function apiPort(bench: Workbench, name: string): string {
  const uid = process.getuid?.() ?? 0;
  const kubeconfig = readFileSync(join(bench.folder, `kubelab-${uid}`, name, "kubeconfig"), "utf8");
  return /127\.0\.0\.1:(\d+)/.exec(kubeconfig)?.[1] ?? "";
}
