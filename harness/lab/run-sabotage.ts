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

const faults: readonly GenericFault[] = ["no-rules", "all-errors"];

/**
 * Puts the faults of the engine's own into a lab and surveys its traffic checks: each must fail.
 * A sound run goes first: it tells which checks there are, and that they can pass. Where the lab is known to pass
 * (`passing`), the survey tells which checks there are, as long as it gets to the end of every step.
 */
export async function runGenericSabotages(
  definition: LabDefinition,
  passing: boolean,
  options: SabotageRunOptions,
): Promise<readonly SabotageRecord[]> {
  const errors = passing ? await survey(definition, "all-errors", options) : undefined;
  const whole = errors && isWhole(errors) ? errors : undefined;
  const sound = whole ?? (await runLab(definition, options));
  if (!whole && sound.outcome !== "passed") return [unsound(sound)];
  const rows: SabotageRecord[] = [];
  for (const fault of faults) {
    const concerned = concernedBy(fault, sound);
    if (concerned.length === 0) continue;
    const surveyed = fault === "all-errors" ? errors : undefined;
    rows.push(
      ...judgeSurvey(fault, concerned, surveyed ?? (await survey(definition, fault, options))),
    );
  }
  return rows;
}

/** Whether a survey got to the end of every step, past every check. */
export function isWhole({ error, steps }: LabRecord): boolean {
  return error === undefined && steps.every((step) => step.outcome === "passed");
}

interface ConcernedCheck {
  readonly step: string;
  readonly check: CheckRecord;
}

function concernedBy(fault: GenericFault, { steps }: LabRecord): readonly ConcernedCheck[] {
  return steps.flatMap((step) =>
    step.checks
      .filter((check) => isConcerned(check, fault))
      .map((check) => ({ step: stepTitle(step), check })),
  );
}

function judgeSurvey(
  fault: GenericFault,
  concerned: readonly ConcernedCheck[],
  record: LabRecord,
): readonly SabotageRecord[] {
  const found = new Map(
    record.steps.flatMap((step) => step.checks.map((check) => [check.id, check])),
  );
  return concerned.map(({ step, check }) => ({
    lab: record.lab,
    sabotage: faultTitles[fault],
    check: `${step} › ${check.matcher}`,
    ...judgeSurveyed(found.get(check.id), record, step),
  }));
}

function unsound(sound: LabRecord): SabotageRecord {
  const failed = sound.error ?? sound.steps.find((step) => step.error)?.error;
  return {
    lab: sound.lab,
    sabotage: "none",
    check: "none: the lab must pass",
    ...missed(`it fails by itself: ${failed?.message ?? sound.outcome}`),
  };
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

async function survey(
  definition: LabDefinition,
  fault: GenericFault,
  options: SabotageRunOptions,
): Promise<LabRecord> {
  const run = new LabRun(definition, { gateTimeoutMs, ...options, fault });
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
