import type { Job } from "kubernetes-types/batch/v1";
import type { Pod } from "kubernetes-types/core/v1";
import type { Clock } from "../../../time/clock.ts";
import type { Client } from "../../client.ts";
import type { Expectations } from "../loop/expectations.ts";
import { isReady } from "../objects/pod-state.ts";
import { isNamespaceTerminating, type PodControl } from "../pods/pod-control.ts";
import { slowStart } from "../pods/slow-start.ts";
import type { JobCount } from "./job-count.ts";
import { indexOf, isIndexed, jobPod, podsTooMany, releasePod } from "./job-pods.ts";
import { type JobProgress, uidOf } from "./job-progress.ts";

export interface JobPodKeeperOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly podControl: PodControl;
  readonly expectations: Expectations;
}

/** Creates and deletes a Job's pods, and notes what that does to its counts; answers what went wrong. */
export class JobPodKeeper {
  readonly #options: JobPodKeeperOptions;

  constructor(options: JobPodKeeperOptions) {
    this.#options = options;
  }

  /** Deletes all pods at work; they keep the finalizer, for they count as failed. */
  async stopAll(job: Job, { active }: JobCount, progress: JobProgress): Promise<unknown> {
    return this.#eachDeleted(active, progress, async (pod) => {
      await this.#options.podControl.delete(job, pod);
    });
  }

  /** Brings the number of pods at work in line with the Job; while `waiting` after a failure it makes none. */
  async adjust(
    key: string,
    job: Job,
    count: JobCount,
    progress: JobProgress,
    waiting: boolean,
  ): Promise<unknown> {
    const wanted = wantedActive(job, count);
    const nowMs = this.#options.clock.now();
    const surplus = Math.max(0, count.active.length - wanted);
    const tooMany = podsTooMany(job, count.active, surplus, nowMs);
    if (tooMany.length > 0) return this.#remove(key, job, tooMany, progress);
    const leaving = job.spec?.podReplacementPolicy === "Failed" ? count.terminating.length : 0;
    const missing = wanted - leaving - count.active.length;
    return missing > 0 && !waiting ? this.#create(key, job, count, progress, missing) : undefined;
  }

  /** Pods that are not wanted any more neither succeed nor fail: the Job lets go of them first. */
  async #remove(
    key: string,
    job: Job,
    chosen: readonly Pod[],
    progress: JobProgress,
  ): Promise<unknown> {
    const { client, podControl, expectations } = this.#options;
    expectations.expectDeletions(key, chosen.map(uidOf));
    return this.#eachDeleted(chosen, progress, async (pod) => {
      try {
        await releasePod(client, pod);
        if (!(await podControl.delete(job, pod))) expectations.deleted(key, uidOf(pod));
      } catch (error) {
        expectations.deleted(key, uidOf(pod));
        throw error;
      }
    });
  }

  async #eachDeleted(
    chosen: readonly Pod[],
    progress: JobProgress,
    remove: (pod: Pod) => Promise<void>,
  ): Promise<unknown> {
    const results = await Promise.allSettled(chosen.map(remove));
    for (const [at, pod] of chosen.entries()) {
      if (results[at]?.status === "rejected") continue;
      progress.active--;
      progress.terminating++;
      if (isReady(pod)) progress.ready--;
    }
    return results.find((result) => result.status === "rejected")?.reason;
  }

  async #create(
    key: string,
    job: Job,
    count: JobCount,
    progress: JobProgress,
    missing: number,
  ): Promise<unknown> {
    const { podControl, expectations } = this.#options;
    const indexes = isIndexed(job) ? freeIndexes(job, count, missing) : [];
    const size = isIndexed(job) ? indexes.length : missing;
    expectations.expectCreations(key, size);
    const name = { generateName: `${job.metadata?.name}-` };
    const { created, error } = await slowStart(size, async () => {
      const pod = podControl.podFrom(job.spec?.template ?? {}, job, name);
      try {
        await podControl.create(job, jobPod(job, pod, indexes.shift()));
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    if (created < size) expectations.created(key, size - created);
    progress.active += created;
    return error;
  }
}

function wantedActive({ spec }: Job, { succeeded, active }: JobCount): number {
  if (spec?.suspend) return 0;
  const parallelism = spec?.parallelism ?? 1;
  if (spec?.completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(spec.completions - succeeded, parallelism));
}

/** The lowest indexes that are neither done nor worked on. */
function freeIndexes(job: Job, { active, terminating, doneIndexes }: JobCount, count: number) {
  const leaving = job.spec?.podReplacementPolicy === "Failed" ? terminating : [];
  const taken = new Set([...doneIndexes, ...active.map(indexOf), ...leaving.map(indexOf)]);
  const all = Array.from({ length: job.spec?.completions ?? 0 }, (_, index) => index);
  return all.filter((index) => !taken.has(index)).slice(0, count);
}
