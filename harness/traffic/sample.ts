import type { Judge } from "../verdicts/judge.ts";
import type { Verdict } from "../verdicts/verdict.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import type { Observation } from "./observation.ts";
import type { ClosedLoopPlan } from "./plan.ts";
import { createSendOrder } from "./send-order.ts";
import type { Vantage } from "./vantage.ts";

/** How a verdict is sampled. */
export interface SampleOptions {
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The time after which an undecided verdict is INCONCLUSIVE. @default 60000 */
  readonly budgetMs?: number;
  /** Sees every observation that is judged, in the order of sending. */
  readonly onObservation?: (observation: Observation) => void;
  readonly clock?: Clock;
}

/** Sends requests until the verdict is in, and no longer. Every observation counts. */
export async function sample<V extends Verdict>(
  vantage: Vantage,
  plan: ClosedLoopPlan,
  judge: Judge<V>,
  options: SampleOptions = {},
): Promise<V> {
  const { signal, budgetMs = 60_000, onObservation, clock = systemClock } = options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  let spent = false;
  const cancel = clock.after(budgetMs, () => {
    spent = true;
    stop.abort();
  });
  try {
    const order = createSendOrder((observation) => {
      if (judge.verdict()) return;
      judge.add(observation);
      onObservation?.(observation);
      if (judge.verdict()) stop.abort();
    });
    const observe = (observation: Observation): void => {
      if (!stop.signal.aborted) order.add(observation);
    };
    const report = await vantage.send(plan, observe, stop.signal);
    signal?.throwIfAborted();
    order.flush();
    const why = spent
      ? `undecided after ${Math.round(budgetMs / 1000)} s`
      : `undecided when all ${report.sent} requests were sent`;
    return judge.verdict() ?? judge.conclude(why);
  } finally {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}
