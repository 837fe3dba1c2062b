import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { StartedK3sContainer } from "@testcontainers/k3s";
import { LabError } from "../../errors/lab-error.ts";
import { systemClock } from "../../time/clock.ts";
import type { K3sSettings } from "./k3s-settings.ts";
import { explainEngineError } from "./engine-errors.ts";
import type { Engine } from "./engine.ts";
import { LabK3sContainer } from "./k3s-container.ts";
import { useReaperIfHad } from "./reaper-image.ts";
import { labelsForRun, labelsToKeep, removeRun } from "./leftovers.ts";
import type { NodeLog } from "./node-log.ts";

export interface StartNodeOptions {
  readonly engine: Engine;
  /** The image's name at the engine, which has it. */
  readonly image: string;
  readonly settings: K3sSettings;
  readonly log: NodeLog;
  readonly signal: AbortSignal;
}

/** Starts the container, or finds the kept one; resolves when its API answers. Aborted, it leaves nothing. */
export async function startNode(options: StartNodeOptions): Promise<StartedK3sContainer> {
  const { engine, image, settings, log, signal } = options;
  const run = randomUUID();
  const { keep } = settings;
  await useReaperIfHad(engine, signal);
  const container = new LabK3sContainer({
    ...settings,
    image,
    host: engine.host,
    cgroupVersion: engine.cgroupVersion,
    labels: keep ? labelsToKeep(await hashOf(settings)) : labelsForRun(run),
    onLog: (line) => log.add(line),
    onEnd: () => (log.hasEnded = true),
  }).withAutoCleanup(!keep);
  const starting = keep ? container.withReuse().start() : container.start();
  try {
    return await untilAborted(starting, signal, async () => {
      if (!keep) await removeRun(engine, run);
    });
  } catch (error) {
    if (!keep) await removeRun(engine, run).catch(() => undefined);
    throw signal.aborted ? signal.reason : toLabError(error, image, log);
  }
}

/** testcontainers cannot be told to stop starting: taking its container away ends the wait. */
async function untilAborted(
  starting: Promise<StartedK3sContainer>,
  signal: AbortSignal,
  takeAway: () => Promise<void>,
): Promise<StartedK3sContainer> {
  const settled = new AbortController();
  const done = starting.finally(() => settled.abort());
  const onAbort = async (): Promise<void> => {
    while (!settled.signal.aborted) {
      await takeAway().catch(() => undefined);
      await systemClock.sleep(100);
    }
  };
  let cleaning: Promise<void> | undefined;
  const abort = (): void => void (cleaning ??= onAbort());
  signal.addEventListener("abort", abort, { once: true });
  try {
    if (signal.aborted) abort();
    const node = await done;
    if (signal.aborted) await node.stop({ remove: true, removeVolumes: true });
    signal.throwIfAborted();
    return node;
  } finally {
    signal.removeEventListener("abort", abort);
    await cleaning;
  }
}

function toLabError(error: unknown, image: string, log: NodeLog): unknown {
  const explained = explainEngineError(error, image);
  if (explained instanceof LabError) return explained;
  const reason = error instanceof Error ? error.message : String(error);
  return new LabError(
    "CLUSTER_START_FAILED",
    `k3s did not become ready: ${reason}\n${log.lastLines(15)}`,
    { cause: error },
  );
}

/** What a kept container was started with; testcontainers itself compares neither files nor cgroups. */
async function hashOf({ registries, cgroupNamespace, apiPort }: K3sSettings): Promise<string> {
  const mirrors = registries === undefined ? "" : await readFile(registries, "utf8");
  const text = JSON.stringify([mirrors, cgroupNamespace, apiPort ?? 0]);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
