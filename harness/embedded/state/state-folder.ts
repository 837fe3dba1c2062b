import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../time/clock.ts";
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

/** The folder above all state folders of this user, readable by nobody else. */
export function stateRoot(): string {
  const uid = process.platform === "win32" ? userInfo().username : String(process.getuid?.());
  const root = join(tmpdir(), `kubelab-${uid}`);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  if (process.platform !== "win32" && statSync(root).uid !== process.getuid?.())
    throw new Error(
      `${root} belongs to another user; remove it or set TMPDIR to a folder of your own`,
    );
  chmodSync(root, 0o700);
  return root;
}

/** Makes the folder of a new cluster; undefined where a cluster of that name has one already. */
export function createStateFolder(name: string): StateFolder | undefined {
  const folder = describe(name);
  try {
    mkdirSync(folder.path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  }
  return folder;
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
