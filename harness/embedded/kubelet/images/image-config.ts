import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What one tag changes of its image. */
export interface TagConfig {
  readonly env?: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
}

/** The contents of an image.json: a folder that holds one is an image. */
export interface ImageConfig {
  readonly repository: string;
  readonly tags: Readonly<Record<string, TagConfig>>;
  /** Further references that name a tag of this image, for example { "bb:1": "1.37" }. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Where the folder appears in the container. @default nowhere */
  readonly root?: string;
  /** Folders below it that containers may change: each gets a copy. @default none */
  readonly content?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** @default "/" */
  readonly workingDir?: string;
  /** The user, by id or by name, that the image runs as; `runAsNonRoot` asks for it. @default 0 */
  readonly user?: number | string;
  readonly exposedPorts?: readonly number[];
  /** Commands on the container's PATH: name to a .ts file (run by node) or a .sh file in the folder. */
  readonly programs?: Readonly<Record<string, string>>;
  /** May also run what the machine has: sh, cat, sleep. @default false */
  readonly hostPrograms?: boolean;
  /** The program is its pod's sidecar proxy: its own traffic is not intercepted. @default false */
  readonly proxy?: boolean;
}

const fields: Readonly<Record<keyof ImageConfig, (value: unknown) => boolean>> = {
  repository: isString,
  tags: isRecord,
  aliases: isRecord,
  root: isString,
  content: isStrings,
  entrypoint: isStrings,
  cmd: isStrings,
  env: isRecord,
  workingDir: isString,
  user: (value) => typeof value === "number" || typeof value === "string",
  exposedPorts: Array.isArray,
  programs: isRecord,
  hostPrograms: isBoolean,
  proxy: isBoolean,
};

/** Reads and checks a folder's image.json. */
export function readImageConfig(folder: string): ImageConfig {
  const path = join(folder, "image.json");
  const config: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!isRecord(config)) throw new Error(`${path}: expected an object`);
  for (const [name, value] of Object.entries(config)) {
    const check = Object.hasOwn(fields, name) ? fields[name as keyof ImageConfig] : undefined;
    if (!check) throw new Error(`${path}: unknown field ${name}`);
    if (!check(value)) throw new Error(`${path}: ${name} has a value of the wrong type`);
  }
  for (const name of ["repository", "tags"])
    if (config[name] === undefined) throw new Error(`${path}: ${name} is missing`);
  return config as unknown as ImageConfig;
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every(isString);
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
