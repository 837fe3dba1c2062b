import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { LabError } from "../../errors/lab-error.ts";
import { diskFull } from "../../errors/disk-full.ts";
import { systemClock } from "../../time/clock.ts";
import { removeFoldersElsewhere } from "./folder-elsewhere.ts";
import { identifyProcess, isRunning, type ProcessIdentity } from "./process-identity.ts";

/** Where one embedded cluster keeps everything it writes; gone when the cluster is. */
export interface StateFolder {
  readonly name: string;
  readonly path: string;
  readonly kubeConfigPath: string;
}

interface Owner extends ProcessIdentity {
  readonly name: string;
}

/** A folder without an owner this old was left by a start that was cut off. */
const abandonedAfterMs = 60_000;
/** Logs, volumes and the files of some pods. */
const leastFreeBytes = 32 * 2 ** 20;

/** The folder above all state folders of this user, readable by nobody else. */
export function stateRoot(): string {
  const uid = process.platform === "win32" ? userInfo().username : String(process.getuid?.());
  const root = join(tmpdir(), `kubelab-${uid}`);
  try {
    // Not recursive: Node never returns from that where the system says that /proc/kubelab-0 is missing.
    mkdirSync(root, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw unusable(root, error);
  }
  mustBeOwn(root);
  try {
    chmodSync(root, 0o700);
    accessSync(root, constants.W_OK);
  } catch (error) {
    throw unusable(root, error);
  }
  return root;
}

/** Others may write to the folder for temporary files: what they put in our place is not used. */
function mustBeOwn(root: string): void {
  const found = lstatSync(root);
  const isOwn = process.platform === "win32" || found.uid === process.getuid?.();
  if (found.isDirectory() && isOwn) return;
  const what = found.isDirectory() ? "belongs to another user" : "is not a folder";
  throw new LabError("TEMPORARY_FOLDER_UNUSABLE", `${root} ${what}`);
}

function unusable(root: string, error: unknown): LabError {
  const { code } = error as NodeJS.ErrnoException;
  return (
    diskFull(error, root) ??
    new LabError("TEMPORARY_FOLDER_UNUSABLE", `${root} cannot be written: ${code}`, {
      cause: error,
    })
  );
}

/** Makes the folder of a new cluster; undefined where a cluster of that name has one already. */
export function createStateFolder(name: string): StateFolder | undefined {
  const folder = describe(name);
  mustHaveSpace(stateRoot());
  try {
    mkdirSync(folder.path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw unusable(folder.path, error);
  }
  try {
    // Until the cluster's process takes it over: a start that is killed leaves no folder without an owner.
    claimStateFolder(folder, process.pid);
  } catch (error) {
    removeStateFolder(folder.path);
    throw diskFull(error, folder.path) ?? error;
  }
  return folder;
}

/** A cluster whose disk fills up fails in many places, and minutes later. */
function mustHaveSpace(root: string): void {
  const { bavail, bsize } = statfsSync(root);
  const freeBytes = bavail * bsize;
  if (freeBytes >= leastFreeBytes) return;
  const [free, least] = [freeBytes, leastFreeBytes].map((bytes) => Math.floor(bytes / 2 ** 20));
  throw new LabError("DISK_FULL", `${root} has ${free} MiB left; a cluster needs ${least} MiB`, {
    advice: "Free some space, or set TMPDIR to a folder on a disk that has some.",
  });
}

/** A name no other cluster has: "lab-3fa9c1". */
export function uniqueClusterName(prefix: string): string {
  return `${prefix}-${randomBytes(3).toString("hex")}`;
}

/** Says which process keeps the folder; when that one is gone the folder is swept. */
export function claimStateFolder(folder: StateFolder, pid: number): void {
  const identity = identifyProcess(pid);
  if (!identity) throw new Error(`process ${pid} ended before it could own ${folder.path}`);
  const owner: Owner = { name: folder.name, ...identity };
  writeFileSync(join(folder.path, "owner.json"), JSON.stringify(owner), { mode: 0o600 });
}

/** The clusters of this user that run now. */
export function runningClusters(): readonly (StateFolder & { readonly owner: ProcessIdentity })[] {
  return allFolders().flatMap((folder) => {
    const owner = ownerOf(folder);
    return owner && isRunning(owner) ? [{ ...folder, owner }] : [];
  });
}

/** The folders whose cluster is gone: what a killed run left. */
export function abandonedFolders(): readonly StateFolder[] {
  return allFolders().filter((folder) => {
    const owner = ownerOf(folder);
    return owner ? !isRunning(owner) : ageMs(folder) > abandonedAfterMs;
  });
}

export function removeStateFolder(path: string): void {
  removeFoldersElsewhere(path);
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

function allFolders(): StateFolder[] {
  return readdirSync(stateRoot(), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => describe(entry.name));
}

function describe(name: string): StateFolder {
  const path = join(stateRoot(), name);
  return { name, path, kubeConfigPath: join(path, "kubeconfig") };
}

function ownerOf(folder: StateFolder): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(folder.path, "owner.json"), "utf8")) as Owner;
  } catch {
    return undefined;
  }
}

function ageMs(folder: StateFolder): number {
  try {
    return systemClock.now() - statSync(folder.path).mtimeMs;
  } catch {
    return 0;
  }
}
