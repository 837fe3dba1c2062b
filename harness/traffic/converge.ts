import { systemClock, type Clock } from "../time/clock.ts";
import type { Gate } from "../verdicts/gate.ts";
import type { RequestPlan } from "./plan.ts";
import type { Vantage } from "./vantage.ts";

/** How a rule is waited for. */
export interface ConvergeOptions {
  readonly timeoutMs: number;
  /** Ends the waiting with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** How long the one sender rests between requests. @default 5 */
  readonly restMs?: number;
}

/** Sends requests that count for nothing, one at a time, until the gate is open or the time is up. Gives the time it took. */
export async function passGate(
  vantage: Vantage,
  plan: RequestPlan,
  gate: Gate,
  options: ConvergeOptions,
): Promise<number> {
  const { timeoutMs, signal, clock = systemClock, restMs = 5 } = options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const cancel = clock.after(timeoutMs, onAbort);
  const startedAt = clock.now();
  try {
    await vantage.send(
      { ...plan, mode: "closed", connections: "new", concurrency: 1, restMs },
      (observation) => {
        if (stop.signal.aborted) return;
        gate.add(observation);
        if (gate.isOpen) stop.abort();
      },
      stop.signal,
    );
  } finally {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  }
  signal?.throwIfAborted();
  return clock.now() - startedAt;
}
