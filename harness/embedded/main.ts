import { basename } from "node:path";
import { parseArgs } from "node:util";
import { diskFull } from "../errors/disk-full.ts";
import { LabError } from "../errors/lab-error.ts";
import type { Announcement } from "./spawn.ts";
import { startEmbedded } from "./start.ts";
import { startReaper } from "./state/reaper.ts";
import { claimStateFolder, removeStateFolder } from "./state/state-folder.ts";

/** The embedded cluster's own process; `spawn.ts` starts it. Ends at SIGTERM, or when its parent is gone. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { state: { type: "string" }, name: { type: "string" }, port: { type: "string" } },
  });
  const path = values.state;
  if (path === undefined)
    throw new Error("--state is required: npm run cluster up starts a cluster");
  const name = values.name ?? basename(path);
  process.stdout.on("error", () => {});
  const stopped = new AbortController();
  untilToldToStop(() => stopped.abort(new Error("the cluster was told to stop")));
  const reaper = startReaper(path);
  try {
    claimStateFolder({ name, path, kubeConfigPath: "" }, process.pid);
    const cluster = await startEmbedded({
      stateDir: path,
      name,
      port: values.port === undefined ? undefined : Number(values.port),
      signal: stopped.signal,
      onPhase: (phase) => announce({ phase }),
    });
    announce({ ready: { serverVersion: cluster.serverVersion } });
    await aborted(stopped.signal);
    await cluster.stop();
  } catch (error) {
    if (!stopped.signal.aborted) announce({ failed: describeFailure(error, path) });
    process.exitCode = 1;
  }
  reaper.dismiss();
  removeStateFolder(path);
}

function announce(announcement: Announcement): void {
  process.stdout.write(`${JSON.stringify(announcement)}\n`);
}

function describeFailure(
  thrown: unknown,
  path: string,
): Extract<Announcement, { failed: unknown }>["failed"] {
  const error = diskFull(thrown, path) ?? thrown;
  if (error instanceof LabError)
    return { code: error.code, message: error.message, advice: error.advice };
  return {
    code: "CLUSTER_START_FAILED",
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

/** A signal, or the end of the pipe that the parent holds open: as long as it lives, or until it says "stay". */
function untilToldToStop(stop: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  let said = "";
  process.stdin.on("data", (chunk) => (said += String(chunk)));
  process.stdin.on("error", stop).on("end", () => {
    if (said !== "stay") stop();
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

await main();
process.exit();
