import type { Observation } from "../traffic/observation.ts";
import { toVerdict } from "./facts.ts";
import { judgeNoLoss, type NoLossEvidence, type NoLossOptions } from "./no-loss.ts";
import { mayBeOwn, shortfallOf } from "./schedule.ts";
import type { Outcome, Verdict } from "./verdict.ts";
import { duration, outcomeWord, plural } from "./wording.ts";

/** How an outage that must happen is judged, as a Recreate rollout makes one. */
export interface OutageOptions extends NoLossOptions {
  /** Every failure must lie between these moments, by intended time. */
  readonly within: { readonly fromMs: number; readonly toMs: number };
  /** The shortest gap that counts. @default one step of the schedule */
  readonly leastGapMs?: number;
}

/** The opposite of no loss: there is a gap, and all failures belong to it. */
export function judgeOutage(
  observations: readonly Observation[],
  options: OutageOptions,
): Verdict<NoLossEvidence> {
  const { within, report } = options;
  const { evidence } = judgeNoLoss(observations, options);
  const least = options.leastGapMs ?? evidence.resolutionMs;
  const outside = observations.filter(
    ({ error, intendedAtMs: atMs }) => error && (atMs < within.fromMs || atMs > within.toMs),
  ).length;
  const conclude = (outcome: Outcome, detail?: string): Verdict<NoLossEvidence> => {
    const requests = observations.length;
    const summary = `${evidence.failures} failed of ${plural(requests, "request")} · longest gap ${duration(evidence.longestGapMs)} · wanted one of at least ${duration(least)} · ${outcomeWord(outcome, detail)}`;
    const cause = outcome === "fail" ? detail : undefined;
    return toVerdict({ kind: "outage", outcome, summary, requests, evidence }, cause);
  };
  const shortfall = shortfallOf(report, observations, options);
  if (mayBeOwn(shortfall, evidence.byClass)) return conclude("inconclusive", shortfall);
  if (outside > 0) return conclude("fail", `${plural(outside, "failure")} outside the outage`);
  if (shortfall !== undefined) return conclude("inconclusive", shortfall);
  if (evidence.failures === 0) return conclude("fail", "no request failed: there was no outage");
  if (evidence.longestGapMs < least)
    return conclude("fail", `the longest gap was ${duration(evidence.longestGapMs)}`);
  return conclude("pass");
}
