import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a process takes of the machine's memory. */
export interface ProcessMemory {
  readonly rssBytes: number;
  /** What it shares with others counts by its share. */
  readonly pssBytes: number;
}

/** The containers' processes of a cluster; none where the system does not tell. */
export function processesOf(stateDir: string): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync(join(stateDir, "processes")).map(Number).filter(isContainer);
}

export function memoryOf(pid: number): ProcessMemory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { rssBytes: bytes("Rss"), pssBytes: bytes("Pss") };
}

function isContainer(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").includes("KUBELAB_POD_IP=");
  } catch {
    return false;
  }
}
