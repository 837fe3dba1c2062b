import type { Job, JobCondition } from "kubernetes-types/batch/v1";
import { fromTime, toTime } from "../../timestamps.ts";
import type { JobCount } from "./job-count.ts";

/** Whether the condition is there and true. */
export function hasCondition({ status }: Job, type: string): boolean {
  return status?.conditions?.some((one) => one.type === type && one.status === "True") === true;
}

/** Whether the Job is complete or has failed for good. */
export function isOver(job: Job): boolean {
  return hasCondition(job, "Complete") || hasCondition(job, "Failed");
}

/** A condition that came about now. */
export function newJobCondition(
  type: string,
  status: "True" | "False",
  reason: string,
  message: string,
  nowMs: number,
): JobCondition {
  const time = toTime(nowMs);
  return { type, status, lastProbeTime: time, lastTransitionTime: time, reason, message };
}

/**
 * The condition by which the Job begins to end, or goes on ending: SuccessCriteriaMet and FailureTarget come before
 * their pods are let go, Complete and Failed after.
 */
export function endingOf(
  job: Job,
  count: JobCount,
  startTime: string | undefined,
  nowMs: number,
): JobCondition | undefined {
  const begun = job.status?.conditions?.find(
    ({ type, status }) =>
      (type === "SuccessCriteriaMet" || type === "FailureTarget") && status === "True",
  );
  if (begun?.type === "FailureTarget") return finalCondition(begun, nowMs);
  if (begun) return begun;
  const failing = (reason: string, message: string): JobCondition =>
    newJobCondition("FailureTarget", "True", reason, message, nowMs);
  if (count.failed > (job.spec?.backoffLimit ?? 6) || hasTooManyRestarts(job, count))
    return failing("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  if (msUntilJobDeadline(job, startTime, nowMs) === 0)
    return failing("DeadlineExceeded", "Job was active longer than specified deadline");
  return undefined;
}

/** Complete or Failed, for the reason that the Job began to end for. */
export function finalCondition(
  { type, reason = "", message = "" }: JobCondition,
  nowMs: number,
): JobCondition {
  const final = type === "SuccessCriteriaMet" ? "Complete" : "Failed";
  return newJobCondition(final, "True", reason, message, nowMs);
}

/** SuccessCriteriaMet, where enough pods have succeeded and none is at work. */
export function successOf(
  { spec }: Job,
  succeeded: number,
  active: number,
  nowMs: number,
): JobCondition | undefined {
  // Kubernetes: without completions the first success decides.
  if (active > 0 || succeeded < (spec?.completions ?? 1)) return undefined;
  const message = "Reached expected number of succeeded pods";
  return newJobCondition("SuccessCriteriaMet", "True", "CompletionsReached", message, nowMs);
}

/** How long the Job may still run; undefined where it has no deadline or is suspended. */
export function msUntilJobDeadline(
  { spec }: Job,
  startTime: string | undefined,
  nowMs: number,
): number | undefined {
  const startMs = fromTime(startTime);
  if (spec?.activeDeadlineSeconds === undefined || startMs === undefined || spec.suspend)
    return undefined;
  return Math.max(0, startMs + spec.activeDeadlineSeconds * 1000 - nowMs);
}

/** With OnFailure containers are restarted in their pods, and the restarts count. */
function hasTooManyRestarts({ spec }: Job, { pods }: JobCount): boolean {
  if (spec?.template.spec?.restartPolicy !== "OnFailure") return false;
  const restarts = pods
    .filter(({ status }) => status?.phase === "Running" || status?.phase === "Pending")
    .flatMap(({ status }) => [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
    ])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return restarts >= Math.max(1, spec.backoffLimit ?? 6);
}
