import type { ClosedLoopPlan } from "../traffic/plan.ts";
import type { Observation } from "../traffic/observation.ts";
import type { Vantage } from "../traffic/vantage.ts";
import type { TargetOf } from "../verdicts/attribution.ts";
import type { GateRecord } from "../report/record.ts";
import type { RunContext } from "./run-context.ts";
import { markerHeader } from "./rule-marker.ts";

/** What must be seen before the first request that counts. */
export interface GateCondition {
  /** In words, for the report. */
  readonly marker: string;
  /** Whether this answer can only come from the new rule. */
  readonly proves: (observation: Observation) => boolean;
  /** How many such answers in a row. */
  readonly inARow: number;
}

/** The outcome of waiting: what is reported, and whether the rule is in force. */
export interface GateResult {
  readonly record: GateRecord;
  readonly inForce: boolean;
  /** What the last answer said instead. */
  readonly last?: Observation;
}

/** A rule's own header: three answers in a row that carry it. */
export function markerCondition(marker: string): GateCondition {
  return {
    marker: "new rule in force",
    proves: (observation) => observation.headers?.[markerHeader] === marker,
    inARow: 3,
  };
}

/** Answers that the new rule allows, several in a row: for rules that cannot sign their answers. */
export function acceptedCondition(
  words: string,
  accepts: (observation: Observation) => boolean,
): GateCondition {
  return { marker: words, proves: accepts, inARow: 5 };
}

/** Every one of the targets has answered. */
export function targetsSeenCondition(
  targets: readonly string[],
  targetOf: TargetOf,
): GateCondition {
  const missing = new Set(targets);
  return {
    marker: `answers from all ${targets.length}`,
    proves: (observation) => {
      missing.delete(targetOf(observation) ?? "");
      return missing.size === 0;
    },
    inARow: 1,
  };
}

/** Sends requests that count for nothing until the new rule shows, within the run's limit. */
export async function awaitRule(
  context: RunContext,
  vantage: Vantage,
  plan: ClosedLoopPlan,
  condition: GateCondition,
  timeoutMs: number,
): Promise<GateResult> {
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  context.signal.addEventListener("abort", onAbort, { once: true });
  const cancel = context.clock.after(timeoutMs, onAbort);
  const startedAt = context.clock.now();
  let requests = 0;
  let streak = 0;
  let last: Observation | undefined;
  const observe = (observation: Observation) => {
    if (stop.signal.aborted) return;
    requests++;
    last = observation;
    streak = condition.proves(observation) ? streak + 1 : 0;
    if (streak >= condition.inARow) stop.abort();
  };
  try {
    await vantage.send({ ...plan, concurrency: 1 }, observe, stop.signal);
  } finally {
    cancel();
    context.signal.removeEventListener("abort", onAbort);
  }
  context.signal.throwIfAborted();
  const durationMs = context.clock.now() - startedAt;
  return {
    record: { marker: condition.marker, requests, durationMs },
    inForce: streak >= condition.inARow,
    ...(last ? { last } : {}),
  };
}
