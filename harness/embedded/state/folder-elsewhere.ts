import { mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const prefix = "/tmp/kubelab-short-";
const linkPrefix = "elsewhere-";

/**
 * Makes a folder with a short path, for a socket: the state folder may lie too deep for one.
 * A link in the state folder remembers it, so that it goes away with that, however the cluster ends.
 */
export function createFolderElsewhere(stateDir: string): string {
  const folder = mkdtempSync(prefix);
  symlinkSync(folder, join(stateDir, `${linkPrefix}${folder.slice(prefix.length)}`));
  return folder;
}

/** Removes the folders that this state folder has elsewhere. */
export function removeFoldersElsewhere(stateDir: string): void {
  for (const link of linksIn(stateDir)) {
    const folder = targetOf(join(stateDir, link));
    if (folder?.startsWith(prefix)) rmSync(folder, { recursive: true, force: true });
  }
}

function linksIn(stateDir: string): readonly string[] {
  try {
    return readdirSync(stateDir).filter((name) => name.startsWith(linkPrefix));
  } catch {
    return [];
  }
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
