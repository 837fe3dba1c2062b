import type { ErrorClass, Observation } from "../traffic/observation.ts";
import { startLoad } from "../traffic/load.ts";
import type { SendReport } from "../traffic/plan.ts";
import { attributeBy } from "../verdicts/attribution.ts";
import { judgeNoLoss, lossOptionsMustFit, type NoLossOptions } from "../verdicts/no-loss.ts";
import { judgeOutage } from "../verdicts/outage.ts";
import { judgeSomeLoss } from "../verdicts/some-loss.ts";
import type { ClusterEvent } from "../verdicts/outages.ts";
import type { Verdict } from "../verdicts/verdict.ts";
import { awaitRule, type RuleAwaited } from "./await-rule.ts";
import { acceptedCondition } from "./gate.ts";
import { closeCheck, openCheck } from "./check.ts";
import { recordClusterEvents } from "./cluster-events.ts";
import { LiveCounter } from "./live-traffic.ts";
import type { LoadDescription } from "./load.ts";
import { describeRequest } from "./request.ts";
import type { RunContext } from "./run-context.ts";
import { toOpenPlan } from "./to-plan.ts";
import { openVantage } from "./vantage.ts";

export type LossOptions = Pick<NoLossOptions, "maxFailures" | "maxGapMs" | "leastRequests">;

/** What can be expected of a load that runs while something is done. */
export interface LoadExpectation {
  /** Not one request fails, or no more than the options allow. */
  toLoseNothing(options?: LossOptions): Promise<Verdict>;
  /** There is a gap, and every failure lies inside the action. */
  toHaveOutage(options?: { readonly leastGapMs?: number }): Promise<Verdict>;
  /** Some requests fail, in one of these ways only, and all of them while the action lasts. */
  toLoseSome(options?: { readonly as?: readonly ErrorClass[] }): Promise<Verdict>;
}

/** What a load left behind. */
interface LoadResult {
  readonly observations: readonly Observation[];
  readonly report: SendReport;
  readonly events: readonly ClusterEvent[];
  /** How the rule of the requests was waited for, where there is one. */
  readonly rule: RuleAwaited | undefined;
  /** When the action began and the traffic after it ended. */
  readonly within: { readonly fromMs: number; readonly toMs: number };
}

const defaultTimeoutMs = 5_000;
/**
 * Labs run on laptops that start pods meanwhile, where a sender now and then waits for a core. The verdict says how
 * short a gap was certain to be seen, which counts the latest start; beyond this it would say too little.
 */
const mostLateMs = 200;

/** The matchers for one load. */
export function expectLoad(context: RunContext, load: LoadDescription): LoadExpectation {
  const settings = {
    ratePerSecond: load.perSecond,
    timeoutMs: load.requests.timeoutMs ?? defaultTimeoutMs,
    maxLateMs: mostLateMs,
  };
  const facts = ({ report, events }: LoadResult): NoLossOptions => ({
    ...settings,
    report,
    events,
  });
  const judgeBy = async (
    matcher: string,
    wants: string,
    options: LossOptions,
    judge: (result: LoadResult) => Verdict,
  ): Promise<Verdict> => {
    // Before the load is run for nothing.
    lossOptionsMustFit({ ...settings, ...options });
    return judgeLoad(context, load, matcher, wants, judge);
  };
  return {
    toLoseNothing: (options = {}) =>
      judgeBy("toLoseNothing", "to lose nothing", options, (result) =>
        judgeNoLoss(result.observations, { ...facts(result), ...options }),
      ),
    toHaveOutage: (options = {}) =>
      judgeBy("toHaveOutage", "to have an outage", {}, (result) =>
        judgeOutage(result.observations, { ...facts(result), within: result.within, ...options }),
      ),
    toLoseSome: (options = {}) =>
      judgeBy("toLoseSome", "to lose some", {}, (result) =>
        judgeSomeLoss(result.observations, { ...facts(result), within: result.within, ...options }),
      ),
  };
}

function judgeLoad(
  context: RunContext,
  load: LoadDescription,
  matcher: string,
  wants: string,
  judge: (result: LoadResult) => Verdict,
): Promise<Verdict> {
  return context.time("traffic", async () => {
    const title = `${describeRequest(load.requests)} at ${load.perSecond}/s ${wants}`;
    const open = openCheck(context, matcher, title);
    const live = new LiveCounter({
      checkId: open.id,
      title,
      targetOf: attributeBy(),
      clock: context.clock,
      tell: (traffic) =>
        context.options.observer({ type: "traffic", lab: context.definition.name, traffic }),
    });
    const result = await runLoad(context, load, (observation) => live.add(observation));
    live.tell();
    const verdict = result.rule?.shut ?? judge(result);
    closeCheck(context, open, verdict, result.rule?.record);
    return verdict;
  });
}

async function runLoad(
  context: RunContext,
  load: LoadDescription,
  observe: (observation: Observation) => void,
): Promise<LoadResult> {
  const { clock, signal } = context;
  const plan = await toOpenPlan(context, load.requests, load.perSecond);
  const vantage = await openVantage(context, load.requests);
  // A Service that the nodes do not know yet loses requests, and not by what is done to its pods.
  const gate = acceptedCondition("answers", ({ error }) => error === undefined);
  await awaitRule(context, vantage, { description: load.requests, gate });
  const endRecording = await recordClusterEvents(context);
  const first = Promise.withResolvers<void>();
  try {
    await using running = startLoad(vantage, plan, {
      signal,
      onObservation: (observation) => {
        observe(observation);
        first.resolve();
      },
    });
    // The action begins when traffic flows, not when the sender was asked to start.
    await Promise.race([first.promise, running.ended]);
    await clock.sleep(load.beforeMs, signal);
    const fromMs = clock.now();
    await load.action();
    // A rule that never comes loses nothing either: the load goes on until it is in force.
    const rule = await awaitRule(context, vantage, { description: load.requests });
    const toMs = clock.now();
    await clock.sleep(load.afterMs, signal);
    const ended = await running.stop();
    return { ...ended, events: await endRecording(), within: { fromMs, toMs }, rule };
  } finally {
    await endRecording();
  }
}
