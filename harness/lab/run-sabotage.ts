import { inLanguage } from "../report/text.ts";
import type { CheckRecord, LabRecord, StepRecord } from "../report/record.ts";
import type { LabDefinition, SabotageDefinition } from "./definition.ts";
import type { GenericFault, RunOptions } from "./run-context.ts";
import { LabRun, runLab, stepTitle } from "./run-lab.ts";

/** What became of one sabotage. */
export interface SabotageRecord {
  readonly lab: string;
  readonly sabotage: string;
  /** The check that had to fail: `step › matcher`. */
  readonly check: string;
  readonly caught: boolean;
  /** How it failed where it was caught, and what happened instead where it was missed. */
  readonly detail: string;
}

export type SabotageRunOptions = Omit<RunOptions, "sabotage" | "fault" | "keep">;

/** A rule that was never applied need not be waited for as long as one that was. */
const gateTimeoutMs = 6_000;

/** Failures that a check makes, in contrast to a run that breaks down. */
const checkFailures: ReadonlySet<string> = new Set([
  "LAB_VERDICT_FAILED",
  "LAB_RULE_NOT_IN_FORCE",
  "LAB_EXPECTATION_FAILED",
  "LAB_WAIT_TIMEOUT",
  "LAB_ROLLOUT_FAILED",
]);
/** Failures that count where the sabotage says what they must say. */
const refusals: ReadonlySet<string> = new Set(["LAB_MANIFEST_INVALID", "LAB_APPLY_REFUSED"]);

/** Runs one of a lab's own sabotages: the named step's check must fail, and nothing else before it. */
export async function runSabotage(
  definition: LabDefinition,
  sabotage: SabotageDefinition,
  options: SabotageRunOptions,
): Promise<SabotageRecord> {
  const record = await runLab(definition, { gateTimeoutMs, ...options, sabotage });
  return {
    lab: definition.name,
    sabotage: inLanguage(sabotage.title, "en"),
    check: sabotage.check === undefined ? sabotage.fails : `${sabotage.fails} › ${sabotage.check}`,
    ...judgeSabotage(record, sabotage),
  };
}

/** Whether a run failed as the sabotage says it must. */
export function judgeSabotage(
  record: LabRecord,
  sabotage: SabotageDefinition,
): Pick<SabotageRecord, "caught" | "detail"> {
  if (record.outcome === "skipped") return missed(`the lab was skipped: ${record.reason}`);
  if (record.error) return missed(`the run broke down: ${record.error.message}`);
  const failed = record.steps.find((step) => step.outcome === "failed");
  if (!failed?.error)
    return missed(
      record.outcome === "passed" ? "every check passed" : `the run was ${record.outcome}`,
    );
  const { code, message } = failed.error;
  if (stepTitle(failed) !== sabotage.fails)
    return missed(`"${stepTitle(failed)}" failed: ${message}`);
  const matcher = failedCheck(failed)?.matcher;
  if (sabotage.check !== undefined && matcher !== sabotage.check)
    return missed(`another check failed (${matcher ?? code}): ${message}`);
  if (sabotage.because !== undefined && !message.includes(sabotage.because))
    return missed(`it failed without saying "${sabotage.because}": ${message}`);
  const counts = checkFailures.has(code) || (refusals.has(code) && sabotage.because !== undefined);
  return counts
    ? { caught: true, detail: message }
    : missed(`no check failed, it was ${code}: ${message}`);
}

function missed(detail: string): { readonly caught: boolean; readonly detail: string } {
  return { caught: false, detail };
}

function failedCheck(step: StepRecord): CheckRecord | undefined {
  return step.checks.find((check) => check.outcome !== "pass");
}

const faultTitles: Readonly<Record<GenericFault, string>> = {
  "no-rules": "no traffic rule is applied",
  "all-errors": "all traffic errors",
};

/**
 * Puts a fault of the engine's own into a lab and surveys every traffic check of the sound run: each must fail.
 * `sound` is the record of a run that passed; its checks are the ones to look for.
 */
export async function runGenericSabotage(
  definition: LabDefinition,
  fault: GenericFault,
  sound: LabRecord,
  options: SabotageRunOptions,
): Promise<readonly SabotageRecord[]> {
  const concerned = sound.steps.flatMap((step) =>
    step.checks
      .filter((check) => isConcerned(check, fault))
      .map((check) => ({ step: stepTitle(step), check })),
  );
  if (concerned.length === 0) return [];
  const run = new LabRun(definition, { gateTimeoutMs, ...options, fault });
  const record = await survey(run);
  const found = new Map(run.context.checks.map((check) => [check.id, check]));
  return concerned.map(({ step, check }) => ({
    lab: definition.name,
    sabotage: faultTitles[fault],
    check: `${step} › ${check.matcher}`,
    ...judgeSurveyed(found.get(check.id), record, step),
  }));
}

/** Matchers that errors satisfy. */
const wantsErrors: ReadonlySet<string> = new Set(["toRefuse", "toHaveOutage", "toLoseSome"]);

/** Whether a fault must break a check: errors satisfy a check that wants refusals, and rules a check before them. */
function isConcerned(check: CheckRecord, fault: GenericFault): boolean {
  if (fault === "all-errors") return !wantsErrors.has(check.matcher);
  return check.underRule;
}

/** Whether a check of a surveyed run noticed the fault. */
export function judgeSurveyed(
  check: CheckRecord | undefined,
  record: LabRecord,
  step: string,
): Pick<SabotageRecord, "caught" | "detail"> {
  if (check?.outcome === "fail") return { caught: true, detail: check.summary };
  if (check) return { caught: false, detail: `it did not fail: ${check.summary}` };
  const own = record.steps.find((one) => stepTitle(one) === step);
  const why = record.error?.message ?? own?.error?.message ?? "the run ended before it";
  return { caught: false, detail: `it was not reached: ${why}` };
}

async function survey(run: LabRun): Promise<LabRecord> {
  try {
    await run.prepare();
    for (const index of run.steps.keys()) await run.runStep(index);
  } catch (error) {
    run.failed(error);
  }
  try {
    await run.cleanup();
  } catch (error) {
    run.failed(error);
  }
  return run.toRecord();
}
