import { type ErrorCode } from "../errors/catalogue.ts";
import { LabError } from "../errors/lab-error.ts";
import type { CheckRecord, GateRecord } from "../report/record.ts";
import type { Verdict } from "../verdicts/verdict.ts";
import type { RunContext } from "./run-context.ts";

/** A check before it has been judged. */
export interface OpenCheck {
  readonly id: string;
  readonly matcher: string;
  readonly title: string;
  readonly startedAtMs: number;
  /** Whether a rule of the lab decides it: a run without rules must break it. */
  readonly underRule: boolean;
}

/** Numbers a check: the second one of step 3 is 3.2. */
export function openCheck(
  context: RunContext,
  matcher: string,
  title: string,
  ruleless = false,
): OpenCheck {
  const earlier = context.checks.filter((check) => check.id.startsWith(`${context.stepNumber}.`));
  const id = `${context.stepNumber}.${earlier.length + 1}`;
  const underRule = context.underRule && !ruleless;
  return { id, matcher, title, startedAtMs: context.clock.now(), underRule };
}

/** Records a verdict; one that is not a pass ends the step, unless the run surveys all checks. */
export function closeCheck(
  context: RunContext,
  check: OpenCheck,
  verdict: Verdict,
  gate?: GateRecord,
): void {
  const record: CheckRecord = {
    id: check.id,
    matcher: check.matcher,
    title: check.title,
    kind: verdict.kind,
    outcome: verdict.outcome,
    summary: verdict.summary,
    ...(verdict.cause === undefined ? {} : { cause: verdict.cause }),
    requests: verdict.requests,
    durationMs: context.clock.now() - check.startedAtMs,
    evidence: verdict.evidence,
    underRule: check.underRule,
    ...(gate ? { gate } : {}),
  };
  context.checks.push(record);
  context.options.observer({ type: "check", lab: context.definition.name, check: record });
  if (verdict.outcome === "pass" || context.options.fault) return;
  throw new LabError(codeOf(verdict), `${check.title}: ${verdict.summary}`, {
    facts: { check: check.id, matcher: check.matcher, verdict: verdict.kind, cause: verdict.cause },
  });
}

function codeOf(verdict: Verdict): ErrorCode {
  if (verdict.outcome === "inconclusive") return "LAB_VERDICT_INCONCLUSIVE";
  return verdict.kind === "gate" ? "LAB_RULE_NOT_IN_FORCE" : "LAB_VERDICT_FAILED";
}
