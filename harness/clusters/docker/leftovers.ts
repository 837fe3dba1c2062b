import { readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { identifyProcess, isRunning } from "../../embedded/index.ts";
import type { Engine } from "./engine.ts";

/** Every container the labs start carries these labels, so that a later run can tell whose it is. */
const ownerLabel = "dev.kubelab.owner";
const keepLabel = "dev.kubelab.keep";
const runLabel = "dev.kubelab.run";

const folderPrefix = "kubelab-k3s-";

/** Labels for a container of this process that ends with it; `run` tells it from this process' others. */
export function labelsForRun(run: string): Record<string, string> {
  const owner = { host: hostname(), ...identifyProcess(process.pid) };
  return { [ownerLabel]: JSON.stringify(owner), [runLabel]: run };
}

/** Labels for a container that stays: the same for every process, so that a later one finds it again. */
export function labelsToKeep(settings: string): Record<string, string> {
  return { [keepLabel]: settings };
}

/** Where the files that belong to a container are; swept when the container is gone. */
export function folderOf(containerId: string): string {
  return join(tmpdir(), folderPrefix + containerId.slice(0, 12));
}

/**
 * Removes what runs that were killed on this machine left behind: containers with their volumes, and folders.
 * Ryuk does the same where it runs; this is for engines without it.
 */
export async function removeLeftovers(engine: Engine): Promise<readonly string[]> {
  const containers = await containersWith(engine, ownerLabel);
  const left = containers.filter(({ Labels }) => !ownerLives(Labels[ownerLabel]));
  for (const { Id } of left) await removeContainer(engine, Id);
  await removeFolders(engine);
  return left.map(({ Id }) => Id);
}

/** Removes the containers of one run of this process. */
export async function removeRun(engine: Engine, run: string): Promise<void> {
  for (const { Id } of await containersWith(engine, `${runLabel}=${run}`))
    await removeContainer(engine, Id);
}

/** The containers that --keep left on purpose. */
export async function keptContainers(engine: Engine): Promise<readonly string[]> {
  return (await containersWith(engine, keepLabel)).map(({ Id }) => Id);
}

/** Removes the containers that --keep left; returns how many there were. */
export async function removeKept(engine: Engine): Promise<number> {
  const kept = await keptContainers(engine);
  for (const id of kept) await removeContainer(engine, id);
  await removeFolders(engine);
  return kept.length;
}

function containersWith(engine: Engine, label: string) {
  return engine.api.listContainers({ all: true, filters: { label: [label] } });
}

async function removeContainer(engine: Engine, id: string): Promise<void> {
  try {
    await engine.api.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    // Gone, or being removed by another run's sweep.
    const status = (error as { statusCode?: number }).statusCode;
    if (status !== 404 && status !== 409) throw error;
  }
  rmSync(folderOf(id), { recursive: true, force: true });
}

async function removeFolders(engine: Engine): Promise<void> {
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith(folderPrefix));
  if (folders.length === 0) return;
  const containers = await engine.api.listContainers({ all: true });
  const known = new Set(containers.map(({ Id }) => folderPrefix + Id.slice(0, 12)));
  for (const name of folders.filter((folder) => !known.has(folder)))
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

function ownerLives(label: string | undefined): boolean {
  try {
    const owner = JSON.parse(label ?? "") as { host: string; pid: number; startedAt: string };
    return owner.host !== hostname() || isRunning(owner);
  } catch {
    return false;
  }
}
