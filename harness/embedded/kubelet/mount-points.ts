import { link, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Mount } from "./file-view.ts";

/**
 * Makes each mount visible in the folder it is mounted in, where that folder is the container's own or a volume that
 * can be written. In the container's own folder it is a link, so that a relative path leads to the mount as well.
 */
export async function makeMountPoints(
  rootFolder: string,
  mounts: readonly Mount[],
  volumes: readonly Mount[],
): Promise<void> {
  for (const mount of mounts) {
    const parent = volumes
      .filter(({ containerPath }) => mount.containerPath.startsWith(`${containerPath}/`))
      .toSorted((a, b) => b.containerPath.length - a.containerPath.length)[0];
    const isFolder = (await stat(mount.hostPath)).isDirectory();
    if (!parent) await makeLink(mount.hostPath, join(rootFolder, mount.containerPath), isFolder);
    else if (!parent.readOnly)
      await makePlace(
        join(parent.hostPath, mount.containerPath.slice(parent.containerPath.length)),
        isFolder,
      );
  }
}

async function makeLink(target: string, place: string, isFolder: boolean): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  // A hard link looks like the file that it is, to whoever asks for the kind of an entry.
  if (isFolder) await symlink(target, place, "junction").catch(ignoreTaken);
  else await link(target, place).catch(ignoreTaken);
}

async function makePlace(place: string, isFolder: boolean): Promise<void> {
  await mkdir(isFolder ? place : dirname(place), { recursive: true });
  if (!isFolder) await writeFile(place, "", { flag: "a" });
}

function ignoreTaken(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
}
