import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { glob } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StartedK3sContainer } from "@testcontainers/k3s";
import { $ } from "zx";
import { LabError } from "../../errors/lab-error.ts";
import { explainEngineError, type Engine } from "./engine.ts";

const context = fileURLToPath(new URL("../../../", import.meta.url));
const repository = "kubelab/apps";
const versions = ["v1", "v2", "v3"] as const;

/** `kubelab/apps:v1` → `kubelab/apps:v1-3f9a…`: the tag says what the image holds, so an old one is never used. */
export async function taggedByContent(): Promise<(reference: string) => string> {
  const hash = await contentHash();
  return (reference) =>
    versions.some((version) => reference === `${repository}:${version}`)
      ? `${reference}-${hash}`
      : reference;
}

/** Builds the versions of the apps' image that the engine does not have yet. */
export async function buildAppImages(
  engine: Engine,
  tag: (reference: string) => string,
): Promise<readonly string[]> {
  const built: string[] = [];
  for (const version of versions) {
    const reference = tag(`${repository}:${version}`);
    if (await hasImage(engine, reference)) continue;
    const build = await $({
      nothrow: true,
      quiet: true,
      cwd: context,
    })`docker build --quiet --file fixtures/Dockerfile --build-arg VERSION=${version} --tag ${reference} .`;
    if (build.exitCode !== 0) throw buildFailure(build.stderr, reference);
    built.push(reference);
  }
  return built;
}

/** Puts the images that the node lacks into its containerd, from a file and never by a registry. */
export async function sideLoad(
  node: StartedK3sContainer,
  references: readonly string[],
): Promise<void> {
  const listed = await node.exec(["ctr", "-n", "k8s.io", "images", "ls", "-q"]);
  const there = new Set(listed.stdout.split("\n").map((line) => line.trim()));
  const missing = references.filter(
    (reference) => !there.has(`docker.io/${reference}`) && !there.has(reference),
  );
  if (missing.length === 0) return;
  const folder = await mkdtemp(join(tmpdir(), "kubelab-images-"));
  try {
    const file = join(folder, "images.tar");
    await $({ quiet: true })`docker save --output ${file} ${missing}`;
    await node.copyFilesToContainer([{ source: file, target: "/var/tmp/kubelab-images.tar" }]);
    const imported = await node.exec([
      "ctr",
      "-n",
      "k8s.io",
      "images",
      "import",
      "/var/tmp/kubelab-images.tar",
    ]);
    await node.exec(["rm", "-f", "/var/tmp/kubelab-images.tar"]);
    if (imported.exitCode !== 0)
      throw new LabError(
        "IMAGE_UNAVAILABLE",
        `the node did not take the images in: ${imported.output.trim()}`,
      );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function hasImage(engine: Engine, reference: string): Promise<boolean> {
  const images = await engine.client.container.dockerode.listImages({
    filters: { reference: [reference] },
  });
  return images.length > 0;
}

async function contentHash(): Promise<string> {
  const hash = createHash("sha256");
  const files: string[] = [];
  for await (const file of glob("fixtures/**/*", { cwd: context, withFileTypes: false }))
    files.push(file);
  for (const file of files.filter(isShipped).toSorted()) {
    const content = await readFile(join(context, file)).catch(() => undefined);
    if (content) hash.update(file.replaceAll("\\", "/")).update("\0").update(content);
  }
  return hash.digest("hex").slice(0, 12);
}

function isShipped(file: string): boolean {
  return !file.endsWith(".test.ts") && !file.includes("golden");
}

function buildFailure(output: string, reference: string): unknown {
  const explained = explainEngineError(new Error(output), "the base image of fixtures/Dockerfile");
  if (explained instanceof LabError) return explained;
  return new LabError(
    "IMAGE_UNAVAILABLE",
    `image ${reference} could not be built:\n${output.trim().split("\n").slice(-10).join("\n")}`,
  );
}
