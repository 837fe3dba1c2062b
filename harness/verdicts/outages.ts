import type { Observation } from "../traffic/observation.ts";
import { Counter, errorOf, type Tally } from "./attribution.ts";

/** Something that happened in the cluster while the load ran. */
export interface ClusterEvent {
  readonly atMs: number;
  /** `pod-ready`, `endpoint-added`, `endpoint-removed`, `sigterm`, … */
  readonly kind: string;
  /** `pod/logic-7d9f-abcde` */
  readonly object: string;
}

/** An event, and how long before (negative) or after it something took place. */
export type NearEvent = {
  readonly kind: string;
  readonly object: string;
  readonly afterMs: number;
};

/** One stretch of a stream in which requests failed with no success between. */
export type Outage = {
  readonly stream: string;
  /** Intended times of the first and the last request that failed. */
  readonly fromMs: number;
  readonly toMs: number;
  /** From the first that failed to the next that did not: no gap of this stream was longer. */
  readonly gapMs: number;
  readonly failures: number;
  readonly classes: Tally;
  /** The event that the outage most likely belongs to. */
  readonly near?: NearEvent;
  /** Whether it still lasted when the load ended. */
  readonly open: boolean;
};

/** How far from an event an outage may begin and still be laid to it. */
const NEAR_MS = 10_000;

/** The outages of every stream, in the order of time. */
export function findOutages(
  observations: readonly Observation[],
  stepMs: number,
  events: readonly ClusterEvent[] = [],
): Outage[] {
  const streams = Map.groupBy(observations, (observation) => observation.stream ?? "requests");
  return [...streams]
    .flatMap(([stream, own]) => outagesOf(stream, own, stepMs, events))
    .toSorted((a, b) => a.fromMs - b.fromMs);
}

function outagesOf(
  stream: string,
  observations: readonly Observation[],
  stepMs: number,
  events: readonly ClusterEvent[],
): Outage[] {
  const ordered = observations.toSorted((a, b) => a.intendedAtMs - b.intendedAtMs);
  const outages: Outage[] = [];
  let failed: Observation[] = [];
  const close = (endMs: number, open: boolean): void => {
    const [first] = failed;
    const last = failed.at(-1);
    if (!first || !last) return;
    const classes = new Counter();
    for (const observation of failed) classes.add(errorOf(observation) ?? "failed");
    const near = nearestEvent(first.intendedAtMs, events);
    outages.push({
      stream,
      fromMs: first.intendedAtMs,
      toMs: last.intendedAtMs,
      gapMs: endMs - first.intendedAtMs,
      failures: failed.length,
      classes: classes.toTally(),
      ...(near ? { near } : {}),
      open,
    });
    failed = [];
  };
  for (const observation of ordered)
    if (observation.error) failed.push(observation);
    else close(observation.intendedAtMs, false);
  close((ordered.at(-1)?.intendedAtMs ?? 0) + stepMs, true);
  return outages;
}

/** The last event before a moment, or one just after it: what is watched arrives late. */
export function nearestEvent(atMs: number, events: readonly ClusterEvent[]): NearEvent | undefined {
  const near = events
    .map(({ kind, object, atMs: eventMs }) => ({ kind, object, afterMs: atMs - eventMs }))
    .filter(({ afterMs }) => Math.abs(afterMs) <= NEAR_MS);
  const before = near
    .filter(({ afterMs }) => afterMs >= 0)
    .toSorted((a, b) => a.afterMs - b.afterMs);
  const after = near.toSorted((a, b) => b.afterMs - a.afterMs);
  return before[0] ?? after[0];
}
