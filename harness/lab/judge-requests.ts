import { LabError } from "../errors/lab-error.ts";
import type { GateRecord } from "../report/record.ts";
import { passGate } from "../traffic/converge.ts";
import type { Observation } from "../traffic/observation.ts";
import { sample } from "../traffic/sample.ts";
import type { Vantage } from "../traffic/vantage.ts";
import type { TargetOf } from "../verdicts/attribution.ts";
import { createGate, toShutVerdict } from "../verdicts/gate.ts";
import type { Judge } from "../verdicts/judge.ts";
import type { Verdict } from "../verdicts/verdict.ts";
import { closeCheck, type OpenCheck, openCheck } from "./check.ts";
import { type GateCondition, markerCondition } from "./gate.ts";
import { LiveCounter } from "./live-traffic.ts";
import { describeRequest, type RequestDescription } from "./request.ts";
import { ruleFor } from "./rule-marker.ts";
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

const defaultGateTimeoutMs = 20_000;
/** Pods that were slow to be seen are the verdict's business, not the gate's. */
const weakGateTimeoutMs = 5_000;

/** Sends requests until there is a verdict; convergence first. Throws unless the verdict is a pass. */
export function judgeRequests(context: RunContext, check: RequestCheck): Promise<Verdict> {
  return context.time("traffic", async () => {
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
    const gate = await awaitRule(context, check, vantage);
    if (gate?.shut) return { verdict: gate.shut, gate: gate.record };
    const live = liveCounter(context, check, open);
    const judge = adapted(await check.createJudge(), check.adapt);
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

/** Waits until the new rule shows. A rule with a mark that never comes settles the check. */
async function awaitRule(
  context: RunContext,
  check: RequestCheck,
  vantage: Vantage,
): Promise<{ readonly record: GateRecord; readonly shut?: Verdict } | undefined> {
  // Requests that all fail would only wait here for what cannot come.
  if (check.converge === false || context.options.fault === "all-errors") return undefined;
  const host = context.names.hostOf(hostOf(check.description));
  const rule = ruleFor(host, context.rules);
  const condition = rule ? markerCondition(rule.marker) : check.gate;
  if (!condition) return undefined;
  const { marker } = condition;
  context.progress(
    rule ? `waiting until the new rule is in force for ${host}` : `waiting for ${marker}`,
  );
  const plan = await toClosedPlan(context, check.description, {
    keepHeaders: true,
    keepBody: check.keepBody === true,
  });
  const gate = createGate(condition);
  const durationMs = await passGate(vantage, plan, gate, {
    timeoutMs: rule ? (context.options.gateTimeoutMs ?? defaultGateTimeoutMs) : weakGateTimeoutMs,
    signal: context.signal,
    clock: context.clock,
  });
  const evidence = gate.evidence();
  const { requests, seen } = evidence;
  const record = { marker, requests, durationMs, seen };
  return rule && !gate.isOpen
    ? { record, shut: toShutVerdict(`the mark of ${rule.object}`, evidence, durationMs) }
    : { record };
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

/** The host that rules go by: the Host header where one is given. */
function hostOf({ url, headers }: RequestDescription): string {
  const header = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === "host")?.[1];
  return (header ?? new URL(url.replace(/^(grpc|tcp):/, "http:")).hostname).replace(/:\d+$/, "");
}
