import { channel } from "node:diagnostics_channel";
import type { Clock } from "../../../time/clock.ts";
import type { Controller, Enqueue } from "./controller.ts";
import { WorkQueue } from "./work-queue.ts";

/** Published on `kubelab:controller`: one for each reconciliation. */
export interface ReconcileReport {
  readonly controller: string;
  readonly key: string;
  readonly tookMs: number;
  readonly error?: unknown;
  /** When the key is tried again after an error. */
  readonly retryMs?: number;
}

const reports = channel("kubelab:controller");

/** A controller whose queue fills; `run` starts its workers. */
export interface QueuedController extends AsyncDisposable {
  run(): void;
  stop(): Promise<void>;
}

/** Connects a controller to its queue. Reconciling starts with `run`, when the caches are full. */
export function queueController(controller: Controller, clock: Clock): QueuedController {
  const queue = new WorkQueue(clock);
  const enqueue: Enqueue = (key, delayMs = 0) => queue.addAfter(key, delayMs);
  controller.watch(enqueue);
  const workers: Promise<void>[] = [];
  const stop = async (): Promise<void> => {
    queue.stop();
    await Promise.all(workers);
  };
  return {
    run() {
      for (let count = controller.workers ?? 1; count > 0; count--)
        workers.push(work(controller, queue, clock));
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function work(controller: Controller, queue: WorkQueue, clock: Clock): Promise<void> {
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    const report = await reconcileOnce(controller, queue, clock, key);
    queue.done(key);
    reports.publish(report);
  }
}

async function reconcileOnce(
  controller: Controller,
  queue: WorkQueue,
  clock: Clock,
  key: string,
): Promise<ReconcileReport> {
  const startMs = clock.now();
  const took = () => ({ controller: controller.name, key, tookMs: clock.now() - startMs });
  try {
    const result = await controller.reconcile(key);
    queue.forget(key);
    if (result !== "done") queue.addAfter(key, result.afterMs);
    return took();
  } catch (error) {
    return { ...took(), error, retryMs: queue.retry(key) };
  }
}
