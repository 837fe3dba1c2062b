import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix } from "node:path";
import type { ImageConfig } from "../../../embedded/kubelet/images/image-config.ts";
import { parseReference } from "../../../embedded/kubelet/images/reference.ts";

/** An entry of a docker-save archive's manifest.json. */
interface SavedImage {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

/** The parts of an image's configuration that its containers are started by. */
interface SavedConfig {
  readonly config?: {
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Env?: readonly string[] | null;
    readonly WorkingDir?: string;
    readonly User?: string;
    readonly ExposedPorts?: Readonly<Record<string, object>> | null;
  };
}

/** Takes the images of a docker-save archive in; returns their full references. */
export function importImages(archive: string, into: string): string[] {
  mkdirSync(into, { recursive: true });
  const work = mkdtempSync(join(dirname(into), "import-"));
  try {
    execFileSync("tar", ["-xf", archive, "-C", work]);
    const manifest = join(work, "manifest.json");
    if (!existsSync(manifest))
      throw new Error(`unrecognized image format: ${archive} has no manifest.json`);
    const saved = JSON.parse(readFileSync(manifest, "utf8")) as SavedImage[];
    return saved.flatMap((image) =>
      (image.RepoTags ?? []).map((tag) => addImage(tag, image, work, into)),
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function addImage(tag: string, image: SavedImage, work: string, into: string): string {
  const reference = parseReference(tag);
  const text = readFileSync(join(work, image.Config), "utf8");
  const folder = join(into, folderOf(reference.full));
  const digest = createHash("sha256").update(text).digest("hex");
  if (existsSync(folder)) {
    const known = readFileSync(join(folder, "config.digest"), "utf8");
    if (known === digest) return reference.full;
    throw new Error(
      `${reference.full} is here already with other content: the stand-in replaces no image`,
    );
  }
  const config = toImageConfig(
    `${reference.registry}/${reference.repository}`,
    reference.tag,
    JSON.parse(text) as SavedConfig,
  );
  const root = unpack(image.Layers, work);
  const made = join(work, "made");
  const from = join(root, config.root ?? "");
  if (existsSync(from)) cpSync(from, made, { recursive: true, verbatimSymlinks: true });
  else mkdirSync(made);
  writeFileSync(join(made, "image.json"), JSON.stringify(config));
  writeFileSync(join(made, "config.digest"), digest);
  renameSync(made, folder);
  return reference.full;
}

/** The layers laid over each other, the lowest first; made once for all images of the archive that share them. */
function unpack(layers: readonly string[], work: string): string {
  const root = join(work, `root-${createHash("sha256").update(layers.join()).digest("hex")}`);
  if (existsSync(root)) return root;
  mkdirSync(root);
  for (const layer of layers) {
    const file = join(work, layer);
    const names = execFileSync("tar", ["-tf", file], {
      encoding: "utf8",
      maxBuffer: 64 * 1024 ** 2,
    }).split("\n");
    const marks = names.filter((name) => posix.basename(name).startsWith(whiteout));
    for (const mark of marks) hide(root, mark);
    execFileSync("tar", ["-xf", file, "-C", root]);
    for (const mark of marks) rmSync(join(root, mark), { force: true });
  }
  return root;
}

const whiteout = ".wh.";

/** OCI: `.wh.name` hides `name` of the layers below, `.wh..wh..opq` everything of its folder. */
function hide(root: string, mark: string): void {
  const name = posix.basename(mark).slice(whiteout.length);
  const folder = join(root, posix.dirname(mark));
  if (name === ".wh..opq") rmSync(folder, { recursive: true, force: true });
  else rmSync(join(folder, name), { recursive: true, force: true });
}

function toImageConfig(repository: string, tag: string, { config = {} }: SavedConfig): ImageConfig {
  const workingDir = config.WorkingDir ?? "";
  if (workingDir === "" || workingDir === "/")
    throw new Error(
      `${repository}:${tag} has no working folder, which is all that the stand-in takes of an image`,
    );
  const user = /^(\d+)(:\d+)?$/.exec(config.User ?? "")?.[1];
  if (config.User && user === undefined)
    throw new Error(
      `${repository}:${tag} has the user ${config.User}: the stand-in knows user ids only`,
    );
  const env = (config.Env ?? []).map((entry) => entry.split(/=(.*)/s).slice(0, 2));
  return {
    repository,
    tags: { [tag]: {} },
    root: workingDir,
    workingDir,
    entrypoint: config.Entrypoint ?? [],
    cmd: config.Cmd ?? [],
    env: Object.fromEntries(env) as Record<string, string>,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}).map((port) => Number.parseInt(port, 10)),
    hostPrograms: true,
    ...(user === undefined ? {} : { user: Number(user) }),
  };
}

function folderOf(reference: string): string {
  return reference.replaceAll(/[^\w.-]/g, "_");
}
