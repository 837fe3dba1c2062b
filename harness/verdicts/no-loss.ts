import type { Observation } from "../traffic/observation.ts";
import type { SendReport } from "../traffic/plan.ts";
import { argumentMust, countMustBeWhole } from "./arguments.ts";
import { Counter, errorOf, listTally, type Tally } from "./attribution.ts";
import { zeroOfBound } from "./confidence.ts";
import { toVerdict } from "./facts.ts";
import {
  findOutages,
  nearestEvent,
  type ClusterEvent,
  type NearEvent,
  type Outage,
} from "./outages.ts";
import { mayBeOwn, shortfallOf, type ScheduleOptions } from "./schedule.ts";
import type { Outcome, Verdict } from "./verdict.ts";
import { atMost, count, duration, outcomeWord, percent, plural } from "./wording.ts";

/** How a load is judged that ran while something changed in the cluster. */
export interface NoLossOptions extends ScheduleOptions {
  /** Requests per second of each stream. */
  readonly ratePerSecond: number;
  /** The requests' timeout. Must be below `maxGapMs` where that is given. */
  readonly timeoutMs: number;
  /** What the sender said of itself. */
  readonly report: SendReport;
  /** Requests that may fail. @default 0 */
  readonly maxFailures?: number;
  /** The longest gap that is tolerated where failures are. @default none */
  readonly maxGapMs?: number;
  /** Requests that a PASS takes. @default 100 */
  readonly leastRequests?: number;
  /** What happened in the cluster meanwhile. */
  readonly events?: readonly ClusterEvent[];
}

/** A request that failed, and the event nearest to it. */
export type Failure = {
  readonly atMs: number;
  readonly sequence: number;
  readonly what: string;
  readonly near?: NearEvent;
};

/** The evidence behind a no-loss verdict. */
export type NoLossEvidence = {
  readonly failures: number;
  readonly byClass: Tally;
  /** Requests and failures of each stream. */
  readonly byStream: Readonly<
    Record<string, { readonly requests: number; readonly failures: number }>
  >;
  readonly first?: Failure;
  readonly last?: Failure;
  readonly longestGapMs: number;
  readonly outages: readonly Outage[];
  /** Gaps at least this long are certain to be seen: a step of the schedule and the latest start. */
  readonly resolutionMs: number;
  /** The share of losses at other such moments that is still possible, at 1e-6; only without failures. */
  readonly upperBound?: number;
  /** From the intended time to the end of the answer. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly schedule: SendReport;
  /** No failure is ever reported that did not happen. */
  readonly alpha: 0;
  readonly events: readonly ClusterEvent[];
};

const BOUND_ERROR = 1e-6;

/** Failures, gaps and classes of a load by the clock. A sender that fell short can never PASS. */
export function judgeNoLoss(
  observations: readonly Observation[],
  options: NoLossOptions,
): Verdict<NoLossEvidence> {
  lossOptionsMustFit(options);
  const { leastRequests = 100, report } = options;
  const evidence = toEvidence(observations, options);
  const shortfall = shortfallOf(report, observations, options);
  const lost = lossIn(evidence, options);
  const few =
    observations.length < leastRequests
      ? `only ${plural(observations.length, "request")} of at least ${leastRequests}`
      : undefined;
  if (lost !== undefined && !mayBeOwn(shortfall, evidence.byClass))
    return conclude("fail", observations, evidence, lost);
  const why = shortfall ?? few;
  return why === undefined
    ? conclude("pass", observations, evidence)
    : conclude("inconclusive", observations, evidence, why);
}

/** Throws where the options cannot be judged by; to be called before a load is run for nothing. */
export function lossOptionsMustFit(options: Omit<NoLossOptions, "report">): void {
  const { ratePerSecond, timeoutMs, maxGapMs, maxFailures, leastRequests } = options;
  argumentMust(
    ratePerSecond > 0 && ratePerSecond < Infinity,
    "ratePerSecond",
    "above 0",
    ratePerSecond,
  );
  argumentMust(timeoutMs > 0, "timeoutMs", "above 0", timeoutMs);
  // A request that waits longer than the gap that is tolerated could not show one.
  if (maxGapMs !== undefined)
    argumentMust(
      timeoutMs < maxGapMs,
      "timeoutMs",
      `below the tolerated gap of ${maxGapMs} ms`,
      timeoutMs,
    );
  if (maxFailures !== undefined) countMustBeWhole("maxFailures", maxFailures);
  if (leastRequests !== undefined) countMustBeWhole("leastRequests", leastRequests, 1);
}

function lossIn(evidence: NoLossEvidence, options: NoLossOptions): string | undefined {
  const { maxFailures, maxGapMs } = options;
  // A tolerated gap without a number of failures tolerates those inside it.
  const allowed = maxFailures ?? (maxGapMs === undefined ? 0 : Infinity);
  const tooLong = maxGapMs !== undefined && evidence.longestGapMs > maxGapMs;
  if (evidence.failures <= allowed && !tooLong) return undefined;
  const { first } = evidence;
  const near = first?.near ? `, first ${nearWords(first.near)}` : "";
  const reading = evidence.outages.length > 0 ? `${readingOf(evidence)} ` : "";
  return `${reading}(${listTally(evidence.byClass)}${near})`;
}

/** What the commonest class of failure usually means while pods change. */
function readingOf(evidence: NoLossEvidence): string {
  const [most = ""] = Object.keys(evidence.byClass);
  const [what] = most.split(" from ");
  const meaning: Readonly<Record<string, string>> = {
    refused: "connections went where nothing listens any more, or not yet",
    reset: "connections were cut while requests were under way",
    truncated: "answers were cut off: the server ended before it had finished them",
    timeout: "requests were taken and not answered in time",
    "502": "a proxy lost its connection to the server",
    "503": "a proxy had no server to send to",
    "504": "a proxy waited for a server in vain",
    "wrong-version": "the wrong version answered",
  };
  return meaning[what ?? ""] ?? "requests failed";
}

function nearWords({ kind, object, afterMs }: NearEvent): string {
  return afterMs >= 0
    ? `${duration(afterMs)} after ${kind} of ${object}`
    : `${duration(-afterMs)} before ${kind} of ${object}`;
}

function toEvidence(observations: readonly Observation[], options: NoLossOptions): NoLossEvidence {
  const { ratePerSecond, report, events = [] } = options;
  const stepMs = 1000 / ratePerSecond;
  const failed = observations
    .filter((observation) => observation.error)
    .toSorted((a, b) => a.intendedAtMs - b.intendedAtMs);
  const byClass = new Counter();
  for (const observation of failed) byClass.add(errorOf(observation) ?? "failed");
  const outages = findOutages(observations, stepMs, events);
  const [first] = failed;
  const last = failed.at(-1);
  return {
    failures: failed.length,
    byClass: byClass.toTally(),
    byStream: streamsOf(observations),
    ...(first ? { first: toFailure(first, events) } : {}),
    ...(last ? { last: toFailure(last, events) } : {}),
    longestGapMs: outages.reduce((longest, { gapMs }) => Math.max(longest, gapMs), 0),
    outages,
    resolutionMs: stepMs + report.lateMs.max,
    ...(failed.length === 0 ? { upperBound: zeroOfBound(observations.length, BOUND_ERROR) } : {}),
    latencyMs: latencyOf(observations),
    schedule: report,
    alpha: 0,
    events,
  };
}

function toFailure(observation: Observation, events: readonly ClusterEvent[]): Failure {
  const near = nearestEvent(observation.intendedAtMs, events);
  return {
    atMs: observation.intendedAtMs,
    sequence: observation.sequence,
    what: errorOf(observation) ?? "failed",
    ...(near ? { near } : {}),
  };
}

function streamsOf(observations: readonly Observation[]): NoLossEvidence["byStream"] {
  const streams = Map.groupBy(observations, (observation) => observation.stream ?? "requests");
  return Object.fromEntries(
    [...streams].map(([stream, own]) => [
      stream,
      { requests: own.length, failures: own.filter((observation) => observation.error).length },
    ]),
  );
}

/** The streams side by side, where there are two: ` · new 3 of 500, kept-alive 0 of 500`. */
function streamWords({ byStream }: NoLossEvidence): string {
  const streams = Object.entries(byStream);
  if (streams.length < 2) return "";
  const words = streams.map(
    ([stream, { requests, failures }]) => `${stream} ${failures} of ${count(requests)}`,
  );
  return ` · ${words.join(", ")}`;
}

function latencyOf(observations: readonly Observation[]): NoLossEvidence["latencyMs"] {
  const sorted = Float64Array.from(observations, ({ durationMs }) => durationMs).toSorted();
  const at = (share: number): number =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function conclude(
  outcome: Outcome,
  observations: readonly Observation[],
  evidence: NoLossEvidence,
  detail?: string,
): Verdict<NoLossEvidence> {
  const requests = observations.length;
  const { failures, longestGapMs, resolutionMs, upperBound } = evidence;
  const share = requests === 0 ? "" : ` (${percent(failures / requests, 2)})`;
  const gap =
    failures > 0 ? `${streamWords(evidence)} · longest gap ${duration(longestGapMs)}` : "";
  const bound = upperBound === undefined ? "" : ` · loss ${atMost(upperBound)}`;
  const passed = outcome === "pass" ? `any gap of ${duration(resolutionMs)} would show` : detail;
  const summary = `${failures} failed of ${plural(requests, "request")}${share}${gap}${bound} · ${outcomeWord(outcome, passed)}`;
  return toVerdict(
    { kind: "no-loss", outcome, summary, requests, evidence },
    outcome === "fail" ? detail : undefined,
  );
}
