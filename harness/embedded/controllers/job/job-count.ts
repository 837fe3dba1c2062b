import type { Job } from "kubernetes-types/batch/v1";
import type { Pod } from "kubernetes-types/core/v1";
import { isActive, isTerminating } from "../objects/pod-state.ts";
import { countsAsFailed, hasValidIndex, indexOf, isIndexed, isTracked } from "./job-pods.ts";
import { parseIndexes } from "./completed-indexes.ts";

/** A Job's pods, sorted by what they mean for it. */
export interface JobCount {
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[];
  /** Ended since the status was written. */
  readonly newlySucceeded: readonly Pod[];
  readonly newlyFailed: readonly Pod[];
  /** All that have ended so far, those in the status included. */
  readonly succeeded: number;
  readonly failed: number;
  /** The indexes that are done, and those that the status says so of. */
  readonly doneIndexes: readonly number[];
  readonly knownIndexes: readonly number[];
}

/** Counts the pods; `released` are those that the Job has let go of and the cache may still show as held. */
export function countPods(job: Job, pods: readonly Pod[], released: ReadonlySet<string>): JobCount {
  const { status } = job;
  const uncounted = status?.uncountedTerminatedPods ?? {};
  const fresh = (known: readonly string[] = []): Pod[] =>
    pods.filter((pod) => {
      const uid = pod.metadata?.uid ?? "";
      return (
        isTracked(pod) && !released.has(uid) && !known.includes(uid) && hasValidIndex(job, pod)
      );
    });
  const newlySucceeded = fresh(uncounted.succeeded).filter((pod) => hasSucceeded(pod));
  const newlyFailed = fresh(uncounted.failed).filter((pod) => countsAsFailed(job, pod));
  const knownIndexes = isIndexed(job)
    ? parseIndexes(status?.completedIndexes).filter((one) => one < (job.spec?.completions ?? 0))
    : [];
  const doneIndexes = isIndexed(job)
    ? [...new Set([...knownIndexes, ...newlySucceeded.flatMap((pod) => indexOf(pod) ?? [])])]
    : [];
  const succeeded = (status?.succeeded ?? 0) + newlySucceeded.length;
  return {
    pods,
    active: pods.filter(isActive),
    terminating: pods.filter(isTerminating),
    newlySucceeded,
    newlyFailed,
    succeeded: isIndexed(job) ? doneIndexes.length : succeeded + (uncounted.succeeded?.length ?? 0),
    failed: (status?.failed ?? 0) + newlyFailed.length + (uncounted.failed?.length ?? 0),
    doneIndexes,
    knownIndexes,
  };
}

export function hasSucceeded({ status }: Pod): boolean {
  return status?.phase === "Succeeded";
}
