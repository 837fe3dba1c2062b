import type { Job, JobCondition } from "kubernetes-types/batch/v1";
import type { Pod } from "kubernetes-types/core/v1";
import { fromTime, toTime } from "../../timestamps.ts";
import { isActive, isFinished, isReady, isTerminating } from "../objects/pod-state.ts";
import { formatIndexes, indexOf, isIndexed, parseIndexes, trackingFinalizer } from "./job-pods.ts";

/** A Job's pods, sorted by what they mean for it. */
export interface Tally {
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[];
  readonly ready: number;
  /** Finished since the last count. */
  readonly newlySucceeded: readonly Pod[];
  readonly newlyFailed: readonly Pod[];
  readonly succeeded: number;
  readonly failed: number;
  readonly completedIndexes: readonly number[];
}

/** Counts the pods: those that count already, and those that still carry the Job's finalizer. */
export function tally(job: Job, owned: readonly Pod[]): Tally {
  const uncounted = owned.filter(
    (pod) => isFinished(pod) && pod.metadata?.finalizers?.includes(trackingFinalizer),
  );
  const newlySucceeded = uncounted.filter(({ status }) => status?.phase === "Succeeded");
  const newlyFailed = uncounted.filter(({ status }) => status?.phase === "Failed");
  const completions = job.spec?.completions ?? 0;
  const completedIndexes = isIndexed(job)
    ? [
        ...new Set([
          ...parseIndexes(job.status?.completedIndexes),
          ...newlySucceeded.flatMap((pod) => indexOf(pod) ?? []),
        ]),
      ].filter((index) => index < completions)
    : [];
  const active = owned.filter(isActive);
  return {
    active,
    terminating: owned.filter(isTerminating),
    ready: active.filter(isReady).length,
    newlySucceeded,
    newlyFailed,
    succeeded: isIndexed(job)
      ? completedIndexes.length
      : (job.status?.succeeded ?? 0) + newlySucceeded.length,
    failed: (job.status?.failed ?? 0) + newlyFailed.length,
    completedIndexes,
  };
}

/** Why a Job ends, as its conditions tell it. */
export interface Ending {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

/** How many completions the Job asks for; undefined where the first success decides. */
export function wantedCompletions({ spec }: Job): number | undefined {
  if (spec?.completions !== undefined) return spec.completions;
  return spec?.parallelism === undefined ? 1 : undefined;
}

/** Why the Job is over, if it is. */
export function endingOf(job: Job, counted: Tally, nowMs: number): Ending | undefined {
  const limit = job.spec?.backoffLimit ?? 6;
  const restarts = job.spec?.template.spec?.restartPolicy === "OnFailure" ? restartsOf(counted) : 0;
  if (counted.failed > limit || (restarts > 0 && restarts >= limit))
    return {
      type: "Failed",
      reason: "BackoffLimitExceeded",
      message: "Job has reached the specified backoff limit",
    };
  if (msUntilJobDeadline(job, nowMs) === 0)
    return {
      type: "Failed",
      reason: "DeadlineExceeded",
      message: "Job was active longer than specified deadline",
    };
  const wanted = wantedCompletions(job);
  const enough =
    wanted === undefined
      ? counted.succeeded > 0 && counted.active.length === 0
      : counted.succeeded >= wanted;
  if (!enough) return undefined;
  const message = "Reached expected number of succeeded pods";
  return { type: "Complete", reason: "CompletionsReached", message };
}

/** How long the Job may still run; undefined where it has no deadline. */
export function msUntilJobDeadline({ spec, status }: Job, nowMs: number): number | undefined {
  const startMs = fromTime(status?.startTime);
  if (spec?.activeDeadlineSeconds === undefined || startMs === undefined) return undefined;
  return Math.max(0, startMs + spec.activeDeadlineSeconds * 1000 - nowMs);
}

function restartsOf({ active }: Tally): number {
  return active
    .flatMap(({ status }) => [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
    ])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** Whether the condition is there and true. */
export function hasCondition({ status }: Job, type: string): boolean {
  return status?.conditions?.some((one) => one.type === type && one.status === "True") === true;
}

/** The conditions with this one set; its transition time stays where its status does. */
export function withJobCondition(
  conditions: readonly JobCondition[],
  type: string,
  status: "True" | "False",
  reason: string,
  message: string,
  nowMs: number,
): JobCondition[] {
  const known = conditions.find((one) => one.type === type);
  if (known?.status === status && known.reason === reason) return [...conditions];
  const time = toTime(nowMs);
  const condition = {
    type,
    status,
    reason,
    message,
    lastProbeTime: time,
    lastTransitionTime: time,
  };
  return known
    ? conditions.map((one) => (one === known ? condition : one))
    : [...conditions, condition];
}

/** The counts as the status carries them. */
export function jobCounts(job: Job, counted: Tally): Record<string, unknown> {
  const counts = {
    active: counted.active.length,
    succeeded: counted.succeeded,
    failed: counted.failed,
  };
  return {
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    ready: counted.ready,
    terminating: counted.terminating.length,
    uncountedTerminatedPods: {},
    ...(isIndexed(job) && counted.completedIndexes.length > 0
      ? { completedIndexes: formatIndexes(counted.completedIndexes) }
      : {}),
  };
}
