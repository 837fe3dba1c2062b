import type { Job, JobCondition, JobStatus } from "kubernetes-types/batch/v1";
import type { Pod } from "kubernetes-types/core/v1";

/** A Job's status while it is worked on. */
export interface JobProgress {
  conditions: JobCondition[];
  startTime: string | undefined;
  completionTime: string | undefined;
  active: number;
  ready: number;
  terminating: number;
  succeeded: number;
  failed: number;
  completedIndexes: string;
  /** Pods, by uid, that have ended and are counted once the Job has let go of them. */
  uncounted: { succeeded: string[]; failed: string[] };
}

/** What the Job's status says. */
export function progressOf({ status = {} }: Job): JobProgress {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  return {
    conditions: [...(status.conditions ?? [])],
    startTime: status.startTime,
    completionTime: status.completionTime,
    active: status.active ?? 0,
    ready: status.ready ?? 0,
    terminating: status.terminating ?? 0,
    succeeded: status.succeeded ?? 0,
    failed: status.failed ?? 0,
    completedIndexes: status.completedIndexes ?? "",
    uncounted: { succeeded: [...succeeded], failed: [...failed] },
  };
}

/** The status as the API has it: counts of zero are left out, but for those that say zero on purpose. */
export function toStatus(progress: JobProgress): JobStatus {
  const { conditions, startTime, completionTime, completedIndexes, uncounted } = progress;
  const { active, succeeded, failed, ready, terminating } = progress;
  const counts = Object.entries({ active, succeeded, failed }).filter(([, count]) => count > 0);
  const lists = Object.entries(uncounted).filter(([, uids]) => uids.length > 0);
  return {
    ...(conditions.length > 0 ? { conditions } : {}),
    ...(startTime === undefined ? {} : { startTime }),
    ...(completionTime === undefined ? {} : { completionTime }),
    ...Object.fromEntries(counts),
    ready,
    terminating,
    uncountedTerminatedPods: Object.fromEntries(lists),
    ...(completedIndexes === "" ? {} : { completedIndexes }),
  };
}

/** Counts the pods that nobody holds any more; whether there were any. */
export function countReleased(progress: JobProgress, held: ReadonlySet<string>): boolean {
  const { uncounted } = progress;
  const succeeded = uncounted.succeeded.filter((uid) => held.has(uid));
  const failed = uncounted.failed.filter((uid) => held.has(uid));
  const more = uncounted.succeeded.length - succeeded.length;
  const moreFailed = uncounted.failed.length - failed.length;
  progress.succeeded += more;
  progress.failed += moreFailed;
  progress.uncounted = { succeeded, failed };
  return more + moreFailed > 0;
}

/** Sets the condition; whether that is news. A condition that was never there does not become False. */
export function setJobCondition(progress: JobProgress, condition: JobCondition): boolean {
  const { conditions } = progress;
  const at = conditions.findIndex(({ type }) => type === condition.type);
  const known = conditions[at];
  if (!known && condition.status === "False") return false;
  if (
    known?.status === condition.status &&
    known.reason === condition.reason &&
    known.message === condition.message
  )
    return false;
  conditions.splice(known ? at : conditions.length, known ? 1 : 0, condition);
  return true;
}

export function uidOf({ metadata }: Pod): string {
  return metadata?.uid ?? "";
}
