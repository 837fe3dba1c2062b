import type { ErrorClass, Observation } from "../traffic/observation.ts";
import { judgeNoLoss, type NoLossEvidence, type NoLossOptions } from "./no-loss.ts";
import { listTally } from "./attribution.ts";
import { toVerdict } from "./facts.ts";
import { mayBeOwn, shortfallOf } from "./schedule.ts";
import type { Outcome, Verdict } from "./verdict.ts";
import { outcomeWord, percent, plural } from "./wording.ts";

/** How losses that must happen are judged, as an app that drops its requests makes them. */
export interface SomeLossOptions extends NoLossOptions {
  /** Every failed request must have been under way at some time between these moments. */
  readonly within: { readonly fromMs: number; readonly toMs: number };
  /** The ways in which requests may fail. @default any */
  readonly as?: readonly ErrorClass[];
}

/** The opposite of no loss where others go on answering: some requests fail, and only because of the action. */
export function judgeSomeLoss(
  observations: readonly Observation[],
  options: SomeLossOptions,
): Verdict<NoLossEvidence> {
  const { within, report, as } = options;
  const { evidence } = judgeNoLoss(observations, options);
  const failed = observations.filter(({ error }) => error);
  const outside = failed.filter(
    ({ intendedAtMs, durationMs }) =>
      intendedAtMs + durationMs < within.fromMs || intendedAtMs > within.toMs,
  ).length;
  const other = failed.filter(({ error }) => error && as && !as.includes(error)).length;
  const conclude = (outcome: Outcome, detail: string): Verdict<NoLossEvidence> => {
    const requests = observations.length;
    const share = requests === 0 ? "" : ` (${percent(failed.length / requests, 2)})`;
    const wanted = as ? `some ${as.join(" or ")}` : "some";
    const summary = `${failed.length} failed of ${plural(requests, "request")}${share} · wanted ${wanted} · ${outcomeWord(outcome, detail)}`;
    const cause = outcome === "fail" ? detail : undefined;
    return toVerdict({ kind: "some-loss", outcome, summary, requests, evidence }, cause);
  };
  const shortfall = shortfallOf(report, observations, options);
  if (mayBeOwn(shortfall, evidence.byClass)) return conclude("inconclusive", shortfall);
  if (outside > 0) return conclude("fail", `${plural(outside, "failure")} outside the action`);
  if (other > 0) return conclude("fail", `failed in another way: ${listTally(evidence.byClass)}`);
  if (shortfall !== undefined) return conclude("inconclusive", shortfall);
  return failed.length > 0
    ? conclude("pass", listTally(evidence.byClass))
    : conclude("fail", "no request failed: no loss could be provoked");
}
