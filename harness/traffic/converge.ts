import { LabError } from "../errors/lab-error.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { listTally } from "../verdicts/attribution.ts";
import { createGate, type GateEvidence, type GateOptions } from "../verdicts/gate.ts";
import { plural } from "../verdicts/wording.ts";
import type { RequestPlan } from "./plan.ts";
import type { Vantage } from "./vantage.ts";

/** How a rule is waited for. */
export interface ConvergeOptions extends GateOptions {
  /** For the message: `VirtualService shop/logic`. */
  readonly rule: string;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** How long the one sender rests between requests. @default 20 */
  readonly restMs?: number;
}

/** Sends until the new rule shows; throws LAB_RULE_NOT_IN_FORCE with what was seen instead. */
export async function ruleMustBeInForce(
  vantage: Vantage,
  plan: RequestPlan,
  options: ConvergeOptions,
): Promise<GateEvidence> {
  const { rule, signal, clock = systemClock, restMs = 20, maxMs = 30_000 } = options;
  signal?.throwIfAborted();
  const gate = createGate(options);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  // The gate counts from the first answer; a vantage that never answers is bounded here.
  const cancel = clock.after(maxMs + (plan.timeoutMs ?? 5000), onAbort);
  try {
    await vantage.send(
      { ...plan, mode: "closed", connections: "new", concurrency: 1, restMs },
      (observation) => {
        gate.add(observation);
        if (gate.state !== "waiting") stop.abort();
      },
      stop.signal,
    );
  } finally {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  }
  signal?.throwIfAborted();
  const evidence = gate.evidence();
  if (gate.state === "open") return evidence;
  throw notInForce(rule, vantage.name, evidence);
}

function notInForce(rule: string, vantage: string, evidence: GateEvidence): LabError {
  const { requests, elapsedMs, seen, bestStreak, wantedStreak } = evidence;
  const streak = wantedStreak > 1 ? `; at best ${bestStreak} in a row of ${wantedStreak}` : "";
  const answers = requests === 0 ? "nothing at all" : listTally(seen);
  return new LabError(
    "LAB_RULE_NOT_IN_FORCE",
    `${rule}: not in force after ${(elapsedMs / 1000).toFixed(1)} s and ${plural(requests, "request")} from ${vantage}; seen: ${answers}${streak}`,
    { facts: { rule, vantage, ...evidence } },
  );
}
