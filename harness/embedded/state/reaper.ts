import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { sweepFolder } from "./sweep.ts";

/**
 * A process of its own that outlives a cluster killed with SIGKILL: when the pipe to the cluster process
 * closes without the word "done", it ends every process the cluster started and removes its folder.
 */
export function startReaper(stateDir: string): { dismiss(): void } {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), stateDir], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.unref();
  unreference(child.stdin);
  child.stdin.on("error", () => {});
  return { dismiss: () => void child.stdin.end("done") };
}

function unreference(stream: ChildProcess["stdin"]): void {
  if (stream && "unref" in stream && typeof stream.unref === "function") stream.unref();
}

async function reap(stateDir: string): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  let said = "";
  for await (const chunk of process.stdin) said += String(chunk);
  if (said !== "done") await sweepFolder(stateDir);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await reap(process.argv[2] ?? "");
