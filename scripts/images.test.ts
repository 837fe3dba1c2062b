import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { engineOrReason } from "../harness/clusters/docker/engine.fixture.ts";
import { hasImage } from "../harness/clusters/docker/pull.ts";
import { publicImages } from "../harness/clusters/public-images.ts";

const script = fileURLToPath(new URL("images.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "kubelab-images-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ code: number; output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, ...args]);
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

test("lists every image with its digest and what needs it, engine or not", async () => {
  const { code, output } = await run("--list");
  expect({ code, output }).toMatchObject({ code: 0 });
  for (const { reference, digest } of publicImages) {
    expect(output).toContain(reference);
    expect(output).toContain(digest ?? "by tag");
  }
});

test.each([
  [[], "expected one of --list, --pull, --save FILE, --load FILE"],
  [["--list", "--pull"], "expected one of --list"],
  [["--list", "--only", "k8s"], "--only k8s: expected some of k3s, build, labs"],
  [["--load", "/no/such.tar"], "--load /no/such.tar: there is no such file"],
])("refuses %j", async (args, sentence) => {
  const { code, output } = await run(...args);
  expect(output).toContain(sentence);
  expect(code).toBe(2);
});

const found = await engineOrReason();
const here =
  found.engine !== undefined &&
  (await hasImage(found.engine, "nginx:1.27-alpine")) &&
  (await hasImage(found.engine, "redis:7-alpine"));
const reason =
  found.reason ??
  (here ? "an engine has the labs' images" : "nginx and redis are not at the engine");

describe.skipIf(!here)(`images for an offline room (${reason})`, () => {
  test("a saved file holds what was asked for, and the engine takes it back", async () => {
    const file = join(folder, "images.tar");
    const saved = await run("--save", file, "--only", "labs");
    expect(saved.output).toMatch(
      /holds nginx:1.27-alpine, redis:7-alpine, kubelab\/apps:v1-[0-9a-f]{12}/,
    );
    const loaded = await run("--load", file);
    expect(loaded.output.split("\n")).toEqual(
      expect.arrayContaining(["nginx:1.27-alpine", "redis:7-alpine"]) as string[],
    );
  }, 60_000);

  test("a file that holds no images is told", async () => {
    const file = join(folder, "no-images.tar");
    writeFileSync(file, "nothing");
    const { code, output } = await run("--load", file);
    expect(output).toContain("docker load");
    expect(code).toBe(3);
  });
});
