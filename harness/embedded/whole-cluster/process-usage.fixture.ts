import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What a cluster takes of its machine; only Linux tells. */
export interface Usage {
  /** Every process that the cluster process started, and those that they started. */
  readonly processes: number;
  /** Of the cluster process and of the node proxy. */
  readonly descriptors: readonly number[];
  /** Ports that the cluster process and the node proxy listen on. */
  readonly ports: number;
  /** Of the cluster process and of the node proxy. */
  readonly rssBytes: readonly number[];
}

export function usageOf(clusterPid: number): Usage {
  const family = descendantsOf(clusterPid);
  const proxy = family.find((pid) => read(`/proc/${pid}/cmdline`).includes("node-proxy.ts"));
  if (proxy === undefined) throw new Error("the node proxy does not run");
  const longLived = [clusterPid, proxy];
  const listening = listeningInodes();
  const ports = longLived.flatMap((pid) => inodesOf(pid).filter((inode) => listening.has(inode)));
  return {
    processes: family.length,
    descriptors: longLived.map((pid) => readdirSync(`/proc/${pid}/fd`).length),
    ports: ports.length,
    rssBytes: longLived.map(
      (pid) => Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1]) * 1024,
    ),
  };
}

function descendantsOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const stat = read(`/proc/${name}/stat`);
    // The command's name in brackets may hold anything.
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const childrenOf = (pid: number): number[] =>
    [...parents].flatMap(([child, parent]) =>
      parent === pid ? [child, ...childrenOf(child)] : [],
    );
  return childrenOf(root);
}

/** TCP sockets that listen, by inode. */
function listeningInodes(): ReadonlySet<string> {
  const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => read(path).split("\n"));
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return new Set(fields.filter(([, , , state]) => state === "0A").map((line) => line[9] ?? ""));
}

function inodesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
