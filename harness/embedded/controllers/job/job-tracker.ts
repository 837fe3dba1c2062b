import type { Job, JobCondition } from "kubernetes-types/batch/v1";
import type { Pod } from "kubernetes-types/core/v1";
import type { Client } from "../../client.ts";
import { type EventRecorder, referenceTo } from "../../events.ts";
import { jobs } from "../../resources.ts";
import type { Clock } from "../../../time/clock.ts";
import { formatIndexes } from "./completed-indexes.ts";
import { finalCondition } from "./job-conditions.ts";
import { hasSucceeded, type JobCount } from "./job-count.ts";
import {
  countsAsFailed,
  hasValidIndex,
  indexOf,
  isIndexed,
  isTracked,
  releasePod,
} from "./job-pods.ts";
import {
  countReleased,
  type JobProgress,
  setJobCondition,
  toStatus,
  uidOf,
} from "./job-progress.ts";

/** One look at one Job, as far as its status is concerned. */
export interface Tracked {
  readonly job: Job;
  readonly count: JobCount;
  readonly progress: JobProgress;
  /** The condition by which the Job is about to end. */
  readonly ending: JobCondition | undefined;
  /** Whether the progress is news already. */
  readonly changed: boolean;
  /** Told when the ended pods are in the status for good. */
  readonly onFlush: () => void;
}

/**
 * Counts pods so that none is counted twice or forgotten, whenever the controller may stop: their uids go into the
 * status, then the Job's finalizer is taken off them, then they are counted.
 */
export class JobTracker {
  /** Pods, by uid, that the Job has let go of and the cache may still show as held. */
  readonly released = new Set<string>();
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #recorder: EventRecorder;

  constructor(
    options: { readonly client: Client; readonly clock: Clock },
    recorder: EventRecorder,
  ) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#recorder = recorder;
  }

  /** The cache shows what was done to the pod. */
  sawReleased(pod: Pod): void {
    this.released.delete(uidOf(pod));
  }

  async track({ job, count, progress, ending, changed, onFlush }: Tracked): Promise<void> {
    const tracked = count.pods.filter((pod) => isTracked(pod) && !this.released.has(uidOf(pod)));
    const held = new Set(tracked.map(uidOf));
    const released = countReleased(progress, held);
    const letGo = tracked.filter((pod) => mayLetGo(job, pod, ending));
    const noted = note(job, letGo, progress, ending);
    const indexed = noteIndexes(job, count, letGo, progress);
    const begun = ending !== undefined && beginEnd(progress, ending);
    let current = job;
    if (changed || released || noted || indexed || begun) {
      current = await this.#write(current, progress);
      onFlush();
    }
    await this.#release(letGo, held);
    const counted = countReleased(progress, held);
    const final = ending && this.#end(progress, ending);
    if (counted || final) current = await this.#write(current, progress);
    if (final) this.#reportEnd(current, final);
  }

  async #write(job: Job, progress: JobProgress): Promise<Job> {
    const next = { ...job, status: toStatus(progress) };
    return this.#client.update(jobs, next, { subresource: "status" });
  }

  async #release(pods: readonly Pod[], held: Set<string>): Promise<void> {
    const results = await Promise.allSettled(
      pods.map(async (pod) => {
        this.released.add(uidOf(pod));
        try {
          await releasePod(this.#client, pod);
          held.delete(uidOf(pod));
        } catch (error) {
          this.released.delete(uidOf(pod));
          throw error;
        }
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** The last condition, once every pod is counted and gone. */
  #end(progress: JobProgress, ending: JobCondition): JobCondition | undefined {
    const { uncounted, terminating } = progress;
    if (uncounted.succeeded.length + uncounted.failed.length + terminating > 0) return undefined;
    const isFinal = ending.type === "Failed";
    const final = isFinal ? ending : finalCondition(ending, this.#clock.now());
    setJobCondition(progress, final);
    if (final.type === "Complete") progress.completionTime = final.lastTransitionTime;
    return final;
  }

  #reportEnd(job: Job, { type, reason = "", message = "" }: JobCondition): void {
    const subject = referenceTo(jobs, job);
    if (type === "Failed") {
      this.#recorder.record(subject, "Warning", reason, message);
      return;
    }
    const { completions } = job.spec ?? {};
    if (completions !== undefined && (job.status?.succeeded ?? 0) > completions) {
      const text = "Too many succeeded pods running after completion count reached";
      this.#recorder.record(subject, "Warning", "TooManySucceededPods", text);
    }
    this.#recorder.record(subject, "Normal", "Completed", "Job completed");
  }
}

/** A pod is let go of when its end is known, and any pod when the Job ends or is deleted. */
function mayLetGo(job: Job, pod: Pod, ending: JobCondition | undefined): boolean {
  const over = job.metadata?.deletionTimestamp !== undefined || ending !== undefined;
  return over || hasSucceeded(pod) || countsAsFailed(job, pod);
}

/** Writes down the pods that are to be counted; whether there were new ones. Indexes tell success by themselves. */
function note(
  job: Job,
  letGo: readonly Pod[],
  { uncounted }: JobProgress,
  ending: JobCondition | undefined,
): boolean {
  // Kubernetes: where the Job fails, pods that have not ended count as failed.
  const failing = ending !== undefined && ending.type !== "SuccessCriteriaMet";
  let noted = false;
  const add = (list: string[], uid: string): void => {
    if (list.includes(uid)) return;
    list.push(uid);
    noted = true;
  };
  for (const pod of letGo) {
    const uid = uidOf(pod);
    if (hasSucceeded(pod) && !uncounted.failed.includes(uid)) {
      if (!isIndexed(job)) add(uncounted.succeeded, uid);
    } else if ((failing || countsAsFailed(job, pod)) && hasValidIndex(job, pod))
      add(uncounted.failed, uid);
  }
  return noted;
}

/** Notes the indexes that are done; whether that is news. */
function noteIndexes(
  job: Job,
  { knownIndexes }: JobCount,
  letGo: readonly Pod[],
  progress: JobProgress,
): boolean {
  if (!isIndexed(job)) return false;
  const fresh = letGo
    .filter((pod) => hasSucceeded(pod) && hasValidIndex(job, pod))
    .flatMap((pod) => indexOf(pod) ?? []);
  const done = [...new Set([...knownIndexes, ...fresh])];
  const text = formatIndexes(done);
  const news = text !== progress.completedIndexes;
  progress.succeeded = done.length;
  progress.completedIndexes = text;
  return news;
}

/** Notes that the Job begins to end; whether that is news. */
function beginEnd(progress: JobProgress, ending: JobCondition): boolean {
  if (progress.conditions.some(({ type }) => type === ending.type)) return false;
  return ending.type !== "Failed" && setJobCondition(progress, ending);
}
