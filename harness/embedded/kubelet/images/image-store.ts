import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readImageConfig, type ImageConfig, type TagConfig } from "./image-config.ts";
import { parseReference, type Reference } from "./reference.ts";

/** One tag of an image folder, ready to make containers of. */
export interface Image {
  /** docker.io/library/busybox:1.37 */
  readonly reference: string;
  /** sha256 of the folder's content and the tag. */
  readonly id: string;
  /** Of the folder's files together. */
  readonly bytes: number;
  readonly folder: string;
  readonly config: ImageConfig;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The images that this node has: folders with an image.json. */
export class ImageStore {
  readonly #images = new Map<string, () => Image>();
  readonly #repositories = new Set<string>();
  readonly #folders: readonly string[];
  readonly #read = new Set<string>();

  /** Each folder is an image, or holds folders that are. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
    this.#readFolders();
  }

  /** The image of this name, or undefined where the node has none. */
  lookup(reference: string): Image | undefined {
    const wanted = parseReference(reference);
    // Images may be brought to the node while it runs.
    if (!this.#images.has(nameOf(wanted))) this.#readFolders();
    const image = this.#images.get(nameOf(wanted))?.();
    return wanted.digest === undefined || wanted.digest === image?.id ? image : undefined;
  }

  /** Whether some tag of this repository is here. */
  knows(reference: string): boolean {
    return this.#repositories.has(repositoryOf(parseReference(reference)));
  }

  all(): readonly Image[] {
    return [...this.#images.values()].map((image) => image());
  }

  #readFolders(): void {
    for (const folder of this.#folders.flatMap(imagesIn))
      if (!this.#read.has(folder)) this.#add(folder);
  }

  #add(folder: string): void {
    this.#read.add(folder);
    const config = readImageConfig(folder);
    const content = once(() => contentOf(folder));
    const names = Object.keys(config.tags).map((tag) => [`${config.repository}:${tag}`, tag]);
    for (const [name = "", tag = ""] of [...names, ...Object.entries(config.aliases ?? {})]) {
      const tagConfig = config.tags[tag];
      if (!tagConfig) throw new Error(`${folder}/image.json: alias ${name} names no tag: ${tag}`);
      const reference = parseReference(name);
      this.#repositories.add(repositoryOf(reference));
      this.#images.set(
        nameOf(reference),
        once(() => toImage(reference.full, folder, config, tagConfig, content())),
      );
    }
  }
}

function nameOf(reference: Reference): string {
  return `${repositoryOf(reference)}:${reference.tag}`;
}

function repositoryOf(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

function toImage(
  reference: string,
  folder: string,
  config: ImageConfig,
  tag: TagConfig,
  content: Content,
): Image {
  const hash = createHash("sha256").update(content.hash).update(JSON.stringify(tag));
  return {
    reference,
    bytes: content.bytes,
    id: `sha256:${hash.digest("hex")}`,
    folder,
    config,
    entrypoint: tag.entrypoint ?? config.entrypoint ?? [],
    cmd: tag.cmd ?? config.cmd ?? [],
    env: { ...config.env, ...tag.env },
  };
}

function imagesIn(folder: string): string[] {
  if (existsSync(join(folder, "image.json"))) return [folder];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, "image.json")))
    .map((entry) => join(folder, entry.name));
}

interface Content {
  readonly hash: string;
  readonly bytes: number;
}

function contentOf(folder: string): Content {
  const hash = createHash("sha256");
  let bytes = 0;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name));
  for (const path of entries.toSorted()) {
    const file = readFileSync(path);
    bytes += file.length;
    hash.update(path.slice(folder.length)).update("\0").update(file).update("\0");
  }
  return { hash: hash.digest("hex"), bytes };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
