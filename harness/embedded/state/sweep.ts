import { abandonedFolders, removeStateFolder } from "./state-folder.ts";
import { sweepProcesses } from "./process-records.ts";

/** Ends every process that the cluster of this folder started, then removes the folder. */
export async function sweepFolder(stateDir: string): Promise<void> {
  await sweepProcesses(stateDir);
  removeStateFolder(stateDir);
}

/** Clears away what killed runs of this user left. Returns the names of the clusters swept. */
export async function sweepAbandoned(): Promise<readonly string[]> {
  const folders = abandonedFolders();
  for (const folder of folders) await sweepFolder(folder.path);
  return folders.map((folder) => folder.name);
}
