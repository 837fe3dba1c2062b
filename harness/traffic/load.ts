import type { Observation } from "./observation.ts";
import type { OpenLoopPlan, SendReport } from "./plan.ts";
import type { Vantage } from "./vantage.ts";

/** A load that ended: everything that was observed, and what the sender said of itself. */
export interface LoadResult {
  readonly observations: readonly Observation[];
  readonly report: SendReport;
}

/** A load under way. */
export interface RunningLoad extends AsyncDisposable {
  /** What came in so far. */
  readonly observations: readonly Observation[];
  /** Waits for the plan's end. */
  readonly ended: Promise<LoadResult>;
  /** Stops sending, waits for the answers under way, and gives the result. Again: the same result. */
  stop(): Promise<LoadResult>;
}

/** What a load is started with. */
export interface LoadOptions {
  /** Stops the load; `stop()` then rejects with its reason. */
  readonly signal?: AbortSignal;
  readonly onObservation?: (observation: Observation) => void;
}

/** Starts a load by the clock; what it does to the cluster meanwhile is up to the caller. */
export function startLoad(
  vantage: Vantage,
  plan: OpenLoopPlan,
  options: LoadOptions = {},
): RunningLoad {
  const { signal, onObservation } = options;
  const stop = new AbortController();
  const observations: Observation[] = [];
  const onAbort = (): void => stop.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) stop.abort();
  const run = async (): Promise<LoadResult> => {
    try {
      const observe = (observation: Observation): void => {
        observations.push(observation);
        onObservation?.(observation);
      };
      const report = await vantage.send(plan, observe, stop.signal);
      signal?.throwIfAborted();
      return { observations, report };
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  };
  const ended = run();
  // Whoever awaits `ended` or `stop()` sees a rejection; nobody may be awaiting yet.
  ended.catch(() => {});
  return {
    observations,
    ended,
    stop() {
      stop.abort();
      return ended;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended.catch(() => {});
    },
  };
}
