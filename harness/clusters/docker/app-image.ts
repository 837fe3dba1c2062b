import { createHash } from "node:crypto";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LabError } from "../../errors/lab-error.ts";
import { explainEngineError } from "./engine-errors.ts";
import type { Engine } from "./engine.ts";
import { hasImage, haveImage } from "./pull.ts";

const context = fileURLToPath(new URL("../../../", import.meta.url));
const repository = "kubelab/apps";
const versions = ["v1", "v2", "v3"] as const;
const base = "node:24-alpine";

/** The labs' own image in all its versions, by the names that say what they hold. */
export interface AppImages {
  /** `kubelab/apps:v1` → `kubelab/apps:v1-3f9a…`: an old image is never taken for a new one. */
  readonly tag: (reference: string) => string;
  readonly references: readonly string[];
}

/** Names the apps' images by the content of what they are made of. */
export async function appImages(): Promise<AppImages> {
  const hash = await contentHash();
  const own = new Set(versions.map((version) => `${repository}:${version}`));
  const tag = (reference: string): string =>
    own.has(reference) ? `${reference}-${hash}` : reference;
  return { tag, references: [...own].map(tag) };
}

/** Builds the versions of the apps' image that the engine does not have yet; returns those. */
export async function buildAppImages(
  engine: Engine,
  { tag }: AppImages,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const built: string[] = [];
  for (const version of versions) {
    const reference = tag(`${repository}:${version}`);
    if (await hasImage(engine, reference)) continue;
    const from = await haveImage(engine, base, { signal });
    const { exitCode, stderr } = await engine.docker(
      [
        "build",
        "--quiet",
        "--file=fixtures/Dockerfile",
        `--build-arg=BASE=${from}`,
        `--build-arg=VERSION=${version}`,
        `--tag=${reference}`,
        ".",
      ],
      { cwd: context, signal },
    );
    if (exitCode !== 0) throw buildFailure(stderr, reference);
    built.push(reference);
  }
  return built;
}

async function contentHash(): Promise<string> {
  const hash = createHash("sha256");
  const files: string[] = ["package-lock.json"];
  for await (const entry of glob("fixtures/**/*", { cwd: context, withFileTypes: true }))
    if (entry.isFile() && isShipped(entry.name, entry.parentPath))
      files.push(join(entry.parentPath, entry.name).slice(context.length));
  for (const file of files.toSorted())
    hash
      .update(file.replaceAll("\\", "/"))
      .update("\0")
      .update(await readFile(join(context, file)));
  return hash.digest("hex").slice(0, 12);
}

/** As .dockerignore has it. */
function isShipped(name: string, folder: string): boolean {
  return !/\.(test|d)\.ts$|\.map$/.test(name) && !folder.includes("golden");
}

function buildFailure(output: string, reference: string): unknown {
  const explained = explainEngineError(new Error(output), base);
  if (explained instanceof LabError) return explained;
  const lines = output.trim().split("\n").slice(-10).join("\n");
  return new LabError("IMAGE_UNAVAILABLE", `image ${reference} could not be built:\n${lines}`, {
    advice: "Read the build's last lines.",
  });
}
