import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StartedK3sContainer } from "@testcontainers/k3s";
import { LabError } from "../../errors/lab-error.ts";
import { explainEngineError } from "./engine-errors.ts";
import type { Engine } from "./engine.ts";

/** Not under /run or /tmp, which may be in memory. */
const inNode = "/var/tmp/kubelab-images.tar";
const ctr = ["ctr", "-n", "k8s.io", "images"];

/** Puts those images that are not `there` into the node's containerd, from a file and by no registry. */
export async function sideLoad(
  engine: Engine,
  node: StartedK3sContainer,
  references: readonly string[],
  there: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const missing = references.filter((reference) => !there.has(fullName(reference)));
  if (missing.length === 0) return;
  const folder = await mkdtemp(join(tmpdir(), "kubelab-images-"));
  try {
    const file = join(folder, "images.tar");
    await save(engine, missing, file, signal);
    await node.copyFilesToContainer([{ source: file, target: inNode }]);
    signal.throwIfAborted();
    const { exitCode, output } = await node.exec([...ctr, "import", inNode]);
    await node.exec(["rm", "-f", inNode]);
    if (exitCode !== 0)
      throw new LabError(
        "IMAGE_UNAVAILABLE",
        `the node did not take the images in: ${output.trim()}`,
      );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The images that the node's containerd has, by their full names. */
export async function imagesOf(node: StartedK3sContainer): Promise<ReadonlySet<string>> {
  const { exitCode, stdout, output } = await node.exec([...ctr, "ls", "-q"]);
  if (exitCode !== 0)
    throw new LabError("CLUSTER_START_FAILED", `the node lists no images: ${output.trim()}`);
  return new Set(stdout.split("\n").map((line) => line.trim()));
}

async function save(
  engine: Engine,
  references: readonly string[],
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const { exitCode, stderr } = await engine.docker(["save", "--output", file, ...references], {
    signal,
  });
  if (exitCode === 0) return;
  throw explainEngineError(new Error(`docker save: ${stderr}`), references.join(", "));
}

/** containerd knows images by their full names only. */
export function fullName(reference: string): string {
  const [first = ""] = reference.split("/");
  if (!reference.includes("/")) return `docker.io/library/${reference}`;
  return /[.:]/.test(first) || first === "localhost" ? reference : `docker.io/${reference}`;
}
