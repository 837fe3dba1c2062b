import { LabError } from "../errors/lab-error.ts";
import type { GateRecord } from "../report/record.ts";
import type { Observation } from "../traffic/observation.ts";
import { sample } from "../traffic/sample.ts";
import { countMustBeWhole } from "../verdicts/arguments.ts";
import type { TargetOf } from "../verdicts/attribution.ts";
import type { Judge } from "../verdicts/judge.ts";
import type { Verdict } from "../verdicts/verdict.ts";
import { awaitRule } from "./await-rule.ts";
import { closeCheck, type OpenCheck, openCheck } from "./check.ts";
import type { GateCondition } from "./gate.ts";
import { LiveCounter } from "./live-traffic.ts";
import { describeRequest, type RequestDescription } from "./request.ts";
import type { RunContext } from "./run-context.ts";
import { type KeepOptions, toClosedPlan } from "./to-plan.ts";
import { openVantage } from "./vantage.ts";

/** One check of requests: how they are judged and what is shown meanwhile. */
export interface RequestCheck extends KeepOptions {
  readonly matcher: string;
  readonly description: RequestDescription;
  /** What is wanted, in words: `to split v1 90, v2 10`. */
  readonly wants: string;
  readonly createJudge: () => Judge | Promise<Judge>;
  readonly targetOf: TargetOf;
  /** The wanted shares, where shares are wanted. */
  readonly wanted?: Readonly<Record<string, number>>;
  /** What shows that the rule is in force, where the rule itself has no marker; undefined: nothing does. */
  readonly gate?: GateCondition | undefined;
  /** Whether requests may be sent before those that count. @default true */
  readonly converge?: boolean | undefined;
  /** Whether it is about what happens without a rule. @default false */
  readonly ruleless?: boolean | undefined;
  /** The most requests to send. */
  readonly limit?: number;
  /** A change to an answer before it is judged. */
  readonly adapt?: (observation: Observation) => Observation;
  /** Where not even a way in counts: the verdict that this is. */
  readonly noWayIn?: (reason: string) => Verdict;
}

/** Sends requests until there is a verdict; convergence first. Throws unless the verdict is a pass. */
export function judgeRequests(context: RunContext, check: RequestCheck): Promise<Verdict> {
  return context.time("traffic", async () => {
    if (check.limit !== undefined) countMustBeWhole("times", check.limit, 1);
    const title = `${describeRequest(check.description)} ${check.wants}`;
    const open = openCheck(context, check.matcher, title, check.ruleless);
    const { verdict, gate } = await findVerdict(context, check, open);
    closeCheck(context, open, verdict, gate);
    return verdict;
  });
}

async function findVerdict(
  context: RunContext,
  check: RequestCheck,
  open: OpenCheck,
): Promise<{ verdict: Verdict; gate?: GateRecord }> {
  const { keepHeaders = false, keepBody = false } = check;
  try {
    const plan = {
      ...(await toClosedPlan(context, check.description, { keepHeaders, keepBody })),
      ...(check.limit === undefined ? {} : { limit: check.limit }),
    };
    const vantage = await openVantage(context, check.description);
    // Before anything is waited for: options that make no sense are told at once.
    const judge = adapted(await check.createJudge(), check.adapt);
    const gate = await awaitRule(context, vantage, check);
    if (gate?.shut) return { verdict: gate.shut, gate: gate.record };
    const live = liveCounter(context, check, open);
    const verdict = await sample(vantage, plan, judge, {
      signal: context.signal,
      clock: context.clock,
      onObservation: (observation) => live.add(check.adapt?.(observation) ?? observation),
    });
    live.tell();
    return { verdict, ...(gate ? { gate: gate.record } : {}) };
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== "SERVICE_NOT_OUTSIDE") throw error;
    return { verdict: check.noWayIn?.(error.message) ?? closed(error.message) };
  }
}

function adapted(
  judge: Judge,
  adapt: (observation: Observation) => Observation = (observation) => observation,
): Judge {
  return {
    add: (observation) => judge.add(adapt(observation)),
    verdict: () => judge.verdict(),
    conclude: (why) => judge.conclude(why),
  };
}

function liveCounter(context: RunContext, check: RequestCheck, open: OpenCheck): LiveCounter {
  const { definition, options, clock } = context;
  return new LiveCounter({
    checkId: open.id,
    title: open.title,
    targetOf: check.targetOf,
    clock,
    tell: (traffic) => options.observer({ type: "traffic", lab: definition.name, traffic }),
    ...(check.wanted ? { wanted: check.wanted } : {}),
  });
}

function closed(reason: string): Verdict {
  const cause = "there is no way in from outside";
  return {
    kind: "exact",
    outcome: "fail",
    summary: `${reason} · FAIL (${cause})`,
    requests: 0,
    evidence: { reason },
    cause,
  };
}
