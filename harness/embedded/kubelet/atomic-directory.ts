import { randomInt } from "node:crypto";
import {
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
  chmod,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../../time/clock.ts";

/** One file of a volume that is made of API objects. */
export interface VolumeFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/**
 * Writes the files so that a reader sees either all old or all new ones: a dated folder, and the link `..data` moved
 * over to it. Where the system allows no links, plain files are each replaced by renaming.
 * Returns whether anything changed.
 */
export async function writeAtomically(
  folder: string,
  files: readonly VolumeFile[],
  clock: Clock,
): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const previous = await readlink(join(folder, "..data")).catch(() => undefined);
  if (await isCurrent(folder, files, previous !== undefined)) return false;
  const dated = `${stamp(clock)}.${randomInt(2 ** 31)}`;
  await writeFiles(join(folder, dated), files);
  try {
    await symlink(dated, join(folder, "..data_tmp"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    await rm(join(folder, dated), { recursive: true });
    await writeFiles(folder, files);
    return true;
  }
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  await linkTopNames(folder, files);
  if (previous !== undefined) await rm(join(folder, previous), { recursive: true, force: true });
  return true;
}

async function linkTopNames(folder: string, files: readonly VolumeFile[]): Promise<void> {
  const wanted = new Set(files.map(({ path }) => path.split("/")[0] ?? ""));
  for (const name of await readdir(folder)) {
    if (!name.startsWith("..") && !wanted.has(name)) await rm(join(folder, name), { force: true });
  }
  for (const name of wanted)
    await symlink(join("..data", name), join(folder, name)).catch(ignoreExisting);
}

async function writeFiles(folder: string, files: readonly VolumeFile[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { path, content, mode } of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(`${target}..tmp`, content);
    await chmod(`${target}..tmp`, mode);
    await rename(`${target}..tmp`, target);
  }
}

async function isCurrent(
  folder: string,
  files: readonly VolumeFile[],
  linked: boolean,
): Promise<boolean> {
  const base = linked ? join(folder, "..data") : folder;
  const present = await readdir(base, { recursive: true, withFileTypes: true }).catch(() => []);
  if (!linked && present.length === 0) return false;
  if (present.filter((entry) => entry.isFile()).length !== files.length) return false;
  for (const { path, content } of files) {
    const stored = await readFile(join(base, path)).catch(() => undefined);
    if (!stored?.equals(content)) return false;
  }
  return true;
}

/** ..2026_11_20_09_21_17 */
function stamp(clock: Clock): string {
  return `..${new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "_")}`;
}

function ignoreExisting(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
}
