import type { GateRecord } from "../report/record.ts";
import { passGate } from "../traffic/converge.ts";
import type { Vantage } from "../traffic/vantage.ts";
import { createGate, toShutVerdict } from "../verdicts/gate.ts";
import type { Verdict } from "../verdicts/verdict.ts";
import { type GateCondition, markerCondition } from "./gate.ts";
import type { RequestDescription } from "./request.ts";
import { ruleFor } from "./rule-marker.ts";
import type { RunContext } from "./run-context.ts";
import { toClosedPlan } from "./to-plan.ts";

/** The requests whose rule is waited for. */
export interface RuleBound {
  readonly description: RequestDescription;
  /** Whether requests may be sent that are not counted. @default true */
  readonly converge?: boolean | undefined;
  /** What shows that the rule is in force, where the rule itself has no marker; undefined: nothing does. */
  readonly gate?: GateCondition | undefined;
  /** @default false */
  readonly keepBody?: boolean;
}

/** What came of waiting. */
export interface RuleAwaited {
  readonly record: GateRecord;
  /** The verdict where a rule with a mark never showed. */
  readonly shut?: Verdict;
}

const defaultGateTimeoutMs = 20_000;
/** Pods that were slow to be seen are the verdict's business, not the gate's. */
const weakGateTimeoutMs = 5_000;
/** ingress-nginx as its chart installs it takes up to five seconds from an Ingress or endpoint to its workers. */
const entranceGateTimeoutMs = 10_000;

/** Waits until the rule that governs the requests is in force; undefined where nothing could show it. */
export async function awaitRule(
  context: RunContext,
  vantage: Vantage,
  { description, converge, gate: weak, keepBody = false }: RuleBound,
): Promise<RuleAwaited | undefined> {
  // Requests that all fail would only wait here for what cannot come.
  if (converge === false || context.options.fault === "all-errors") return undefined;
  const host = context.names.hostOf(hostOf(description));
  const rule = ruleFor(host, context.rules);
  const condition = rule ? markerCondition(rule.marker) : weak;
  if (!condition) return undefined;
  const { marker } = condition;
  context.progress(
    rule ? `waiting until the new rule is in force for ${host}` : `waiting for ${marker}`,
  );
  const plan = await toClosedPlan(context, description, { keepHeaders: true, keepBody });
  const gate = createGate(condition);
  const { gateTimeoutMs = defaultGateTimeoutMs } = context.options;
  const weakTimeoutMs =
    description.through === undefined ? weakGateTimeoutMs : entranceGateTimeoutMs;
  const durationMs = await passGate(vantage, plan, gate, {
    timeoutMs: rule ? gateTimeoutMs : Math.min(gateTimeoutMs, weakTimeoutMs),
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

/** The host that rules go by: the Host header where one is given. */
function hostOf({ url, headers }: RequestDescription): string {
  const header = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === "host")?.[1];
  return (header ?? new URL(url.replace(/^(grpc|tcp):/, "http:")).hostname).replace(/:\d+$/, "");
}
