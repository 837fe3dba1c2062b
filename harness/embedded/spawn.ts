import { spawn, type ChildProcess } from "node:child_process";
import { openSync, closeSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { diskFull } from "../errors/disk-full.ts";
import { LabError } from "../errors/lab-error.ts";
import type { ErrorCode } from "../errors/catalogue.ts";
import { systemClock } from "../time/clock.ts";
import { compileCacheFolder } from "./state/compile-cache.ts";
import { isRunning, type ProcessIdentity } from "./state/process-identity.ts";
import {
  createStateFolder,
  removeStateFolder,
  runningClusters,
  type StateFolder,
} from "./state/state-folder.ts";
import { sweepAbandoned, sweepFolder } from "./state/sweep.ts";

export interface SpawnOptions {
  /** One cluster a name. */
  readonly name: string;
  /** Port of the API server. @default any free one */
  readonly port?: number | undefined;
  /** Outlives this process: ended by `stopEmbeddedCluster` alone. @default false */
  readonly detached?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onPhase?: ((phase: string) => void) | undefined;
}

/** What the cluster process says on its standard output, a JSON line each. */
export type Announcement =
  | { readonly phase: string }
  | { readonly ready: { readonly serverVersion: string } }
  | {
      readonly failed: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly advice?: string;
      };
    };

export interface SpawnedCluster {
  readonly folder: StateFolder;
  readonly serverVersion: string;
  /** How its process ended although nobody stopped it; undefined while it runs. */
  lost?(): string | undefined;
  /** Ends every process of the cluster and removes its folder. Idempotent. */
  stop(): Promise<void>;
}

/** Starts an embedded cluster in a process of its own and waits until it answers. */
export async function spawnEmbeddedCluster(options: SpawnOptions): Promise<SpawnedCluster> {
  options.signal.throwIfAborted();
  await sweepAbandoned();
  const folder = createStateFolder(options.name);
  if (!folder)
    throw new LabError(
      "CLUSTER_ALREADY_RUNNING",
      `an embedded cluster named ${options.name} runs already`,
    );
  const child = launchIn(folder, options);
  const abort = (): void => void child.kill("SIGTERM");
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    const { serverVersion } = await announcedReady(child, folder, options);
    if (options.detached) await release(child);
    return { folder, serverVersion, ...watchChild(child, folder) };
  } catch (error) {
    await stopChild(child, folder);
    throw options.signal.aborted ? options.signal.reason : error;
  } finally {
    options.signal.removeEventListener("abort", abort);
  }
}

/** Ends a running cluster that another process started. Rejects where it does not end within 15 s. */
export async function stopEmbeddedCluster(name: string): Promise<void> {
  const cluster = runningClusters().find((candidate) => candidate.name === name);
  if (!cluster) throw new LabError("CLUSTER_NOT_RUNNING", `no embedded cluster named ${name} runs`);
  process.kill(cluster.owner.pid, "SIGTERM");
  await gone(cluster.owner);
  await sweepFolder(cluster.path);
}

function launchIn(folder: StateFolder, options: SpawnOptions): ChildProcess {
  try {
    return launch(folder, options);
  } catch (error) {
    removeStateFolder(folder.path);
    throw diskFull(error, folder.path) ?? error;
  }
}

/**
 * A small young generation, and few arenas of malloc: a cluster after thirty Deployments holds 170 MB and not 260,
 * and every container's start copies the page tables of what it holds.
 */
const nodeFlags = ["--max-semi-space-size=8"];

function launch(folder: StateFolder, options: SpawnOptions): ChildProcess {
  const log = openSync(join(folder.path, "cluster.log"), "a", 0o600);
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const port = options.port === undefined ? [] : ["--port", String(options.port)];
  const child = spawn(
    process.execPath,
    [...nodeFlags, main, "--state", folder.path, "--name", folder.name, ...port],
    {
      // Of its own group: Ctrl-C in the terminal reaches this process, which then ends the cluster in order.
      detached: true,
      stdio: ["pipe", "pipe", log],
      env: { ...process.env, MALLOC_ARENA_MAX: "2", NODE_COMPILE_CACHE: compileCacheFolder() },
    },
  );
  closeSync(log);
  child.stdin?.on("error", () => {});
  return child;
}

async function announcedReady(
  child: ChildProcess,
  folder: StateFolder,
  options: SpawnOptions,
): Promise<{ readonly serverVersion: string }> {
  if (!child.stdout) throw new Error("the cluster process was started without an output");
  for await (const line of createInterface({ input: child.stdout })) {
    const announcement = JSON.parse(line) as Announcement;
    if ("phase" in announcement) options.onPhase?.(announcement.phase);
    else if ("ready" in announcement) return announcement.ready;
    else
      throw new LabError(
        announcement.failed.code,
        announcement.failed.message,
        adviceOf(announcement.failed),
      );
  }
  throw new LabError(
    "CLUSTER_START_FAILED",
    `the embedded cluster ended before it was ready\n${lastLines(folder)}`.trimEnd(),
  );
}

function adviceOf(failed: { readonly advice?: string }): { readonly advice?: string } {
  return failed.advice === undefined ? {} : { advice: failed.advice };
}

function lastLines(folder: StateFolder): string {
  try {
    return readFileSync(join(folder.path, "cluster.log"), "utf8")
      .trimEnd()
      .split("\n")
      .slice(-15)
      .join("\n");
  } catch {
    return "";
  }
}

/** Until this word the cluster ends with the process that starts it. */
async function release(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve) => {
    if (child.stdin) child.stdin.end("stay", () => resolve());
    else resolve();
  });
  child.stdout?.destroy();
  child.unref();
}

function watchChild(
  child: ChildProcess,
  folder: StateFolder,
): Required<Pick<SpawnedCluster, "lost" | "stop">> {
  let stopped: Promise<void> | undefined;
  let lost: string | undefined;
  let forced = false;
  child.once("exit", (code, signal) => {
    // A killed process may be noticed by its connections first, and stopped before its end is known.
    if (forced || (stopped && signal === null)) return;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    lost = `the embedded cluster's process was ended ${how}\n${lastLines(folder)}`.trimEnd();
  });
  const force = (): void => {
    forced = true;
    child.kill("SIGKILL");
  };
  return { lost: () => lost, stop: () => (stopped ??= stopChild(child, folder, force)) };
}

async function stopChild(
  child: ChildProcess,
  folder: StateFolder,
  force: () => void = () => void child.kill("SIGKILL"),
): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const forced = systemClock.after(10_000, force);
    await ended;
    forced();
  }
  await sweepFolder(folder.path);
  removeStateFolder(folder.path);
}

async function gone(owner: ProcessIdentity): Promise<void> {
  const deadlineMs = systemClock.now() + 15_000;
  while (isRunning(owner)) {
    if (systemClock.now() > deadlineMs) process.kill(owner.pid, "SIGKILL");
    await systemClock.sleep(25);
  }
}
