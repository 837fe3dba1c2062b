import { isDeepStrictEqual } from "node:util";
import type { Job, JobCondition } from "kubernetes-types/batch/v1";
import type { Pod } from "kubernetes-types/core/v1";
import { jobs, pods } from "../../resources.ts";
import { type EventRecorder, referenceTo } from "../../events.ts";
import type { Informer } from "../../informer.ts";
import { isStatus } from "../../status-error.ts";
import { fromTime, toTime } from "../../timestamps.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { Expectations } from "../loop/expectations.ts";
import { parseKey } from "../loop/key.ts";
import { controllerOf, isControlledBy } from "../objects/owners.ts";
import { refuseFields } from "../objects/refuse-fields.ts";
import { isNamespaceTerminating, PodControl } from "../pods/pod-control.ts";
import { slowStart } from "../pods/slow-start.ts";
import { watchOwnedPods } from "../pods/watch-owned-pods.ts";
import { indexOf, isIndexed, jobPod, trackingFinalizer } from "./job-pods.ts";
import {
  type Ending,
  endingOf,
  hasCondition,
  jobCounts,
  msUntilJobDeadline,
  type Tally,
  tally,
  wantedCompletions,
  withJobCondition,
} from "./job-state.ts";

const firstBackoffMs = 10_000;
const longestBackoffMs = 600_000;

/** Runs pods until as many have succeeded as the Job asks for. */
export class JobController implements Controller {
  readonly name = "job";
  readonly workers = 5;
  readonly #context: ControllerContext;
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;
  /** Failures in a row and when the last one was, by Job uid. */
  readonly #failures = new Map<string, { count: number; lastMs: number }>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#jobs = context.caches.of(jobs);
    this.#pods = context.caches.of(pods);
    this.#recorder = context.recorder("job-controller");
    this.#podControl = new PodControl(context.client, this.#recorder, jobs);
    this.#expectations = new Expectations(context.clock);
  }

  watch(enqueue: Enqueue): void {
    const [owners, allPods, expectations] = [this.#jobs, this.#pods, this.#expectations];
    watchOwnedPods({ resource: jobs, owners, pods: allPods, expectations }, enqueue);
    // Pods whose Job is gone are still held by its finalizer.
    const enqueueLost = (pod: Pod): void => {
      const owner = controllerOf(pod);
      if (owner?.kind === "Job" && pod.metadata?.finalizers?.includes(trackingFinalizer))
        enqueue(`${pod.metadata.namespace}/${owner.name}`);
    };
    allPods.on({ added: enqueueLost, updated: enqueueLost });
  }

  async reconcile(key: string): Promise<Result> {
    const { namespace, name } = parseKey(key);
    const job = this.#jobs.get({ namespace, name });
    await this.#releaseLost(namespace, name, job);
    if (!job || job.metadata?.deletionTimestamp) return "done";
    if (hasCondition(job, "Complete") || hasCondition(job, "Failed")) return this.#expire(job);
    if (this.#refuses(job)) return "done";
    const caughtUp = this.#expectations.isSatisfied(key);
    const owned = this.#pods.list(namespace).filter((pod) => isControlledBy(pod, job));
    const counted = tally(job, owned);
    this.#noteFailures(job, counted);
    const nowMs = this.#context.clock.now();
    const ending = endingOf(job, counted, nowMs);
    const status = this.#statusAfter(job, counted, ending, nowMs);
    if (!isDeepStrictEqual({ ...job.status }, status)) {
      for (const pod of [...counted.newlySucceeded, ...counted.newlyFailed])
        await this.#release(pod);
      await this.#context.client.update(jobs, { ...job, status }, { subresource: "status" });
    }
    if (!caughtUp) return "done";
    return this.#manage(key, job, counted, ending);
  }

  #refuses(job: Job): boolean {
    return refuseFields(this.#recorder, jobs, job, {
      "spec.podFailurePolicy": job.spec?.podFailurePolicy !== undefined,
      "spec.successPolicy": job.spec?.successPolicy !== undefined,
      "spec.backoffLimitPerIndex": job.spec?.backoffLimitPerIndex !== undefined,
      "spec.managedBy": job.spec?.managedBy !== undefined,
    });
  }

  #noteFailures(job: Job, { newlyFailed, newlySucceeded }: Tally): void {
    const uid = job.metadata?.uid ?? "";
    if (newlySucceeded.length > 0) this.#failures.delete(uid);
    if (newlyFailed.length === 0) return;
    const count = (this.#failures.get(uid)?.count ?? 0) + newlyFailed.length;
    this.#failures.set(uid, { count, lastMs: this.#context.clock.now() });
  }

  /** First the reason to end, then, once no pod is left that counts, the end itself. */
  #statusAfter(job: Job, counted: Tally, ending: Ending | undefined, nowMs: number): Job["status"] {
    const before = job.status?.conditions ?? [];
    const start = this.#startTime(job, nowMs);
    const { conditions, completionTime } = ending
      ? this.#endConditions(job, counted, ending, nowMs)
      : { conditions: this.#suspendConditions(job, before, nowMs), completionTime: undefined };
    return {
      ...(conditions.length > 0 ? { conditions } : {}),
      ...(start === undefined ? {} : { startTime: start }),
      ...(completionTime === undefined ? {} : { completionTime }),
      ...jobCounts(job, counted),
    };
  }

  #startTime(job: Job, nowMs: number): string | undefined {
    return job.spec?.suspend ? undefined : (job.status?.startTime ?? toTime(nowMs));
  }

  #endConditions(
    job: Job,
    counted: Tally,
    { type, reason, message }: Ending,
    nowMs: number,
  ): { conditions: JobCondition[]; completionTime?: string } {
    const before = job.status?.conditions ?? [];
    const target = type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
    const left = counted.active.length + counted.terminating.length;
    if (!hasCondition(job, target) || left > 0)
      return { conditions: withJobCondition(before, target, "True", reason, message, nowMs) };
    const conditions = withJobCondition(before, type, "True", reason, message, nowMs);
    const subject = referenceTo(jobs, job);
    if (type === "Failed") this.#recorder.record(subject, "Warning", reason, message);
    else this.#recorder.record(subject, "Normal", "Completed", "Job completed");
    return type === "Complete" ? { conditions, completionTime: toTime(nowMs) } : { conditions };
  }

  #suspendConditions(job: Job, before: readonly JobCondition[], nowMs: number): JobCondition[] {
    const was = hasCondition(job, "Suspended");
    const suspend = job.spec?.suspend === true;
    if (was === suspend) return [...before];
    const [reason, message, event] = suspend
      ? ["JobSuspended", "Job suspended", "Suspended"]
      : ["JobResumed", "Job resumed", "Resumed"];
    this.#recorder.record(referenceTo(jobs, job), "Normal", event, message);
    const status = suspend ? "True" : "False";
    return withJobCondition(before, "Suspended", status, reason, message, nowMs);
  }

  async #manage(
    key: string,
    job: Job,
    counted: Tally,
    ending: Ending | undefined,
  ): Promise<Result> {
    const nowMs = this.#context.clock.now();
    const wanted = ending || job.spec?.suspend ? 0 : this.#wantedActive(job, counted);
    const missing = wanted - counted.active.length;
    if (missing < 0) {
      for (const pod of counted.active.slice(missing)) await this.#podControl.delete(job, pod);
      return "done";
    }
    const backoffMs = this.#backoffMs(job, nowMs);
    if (missing > 0 && backoffMs > 0) return { afterMs: backoffMs };
    if (missing > 0) await this.#createPods(key, job, counted, missing);
    const deadlineMs = msUntilJobDeadline(job, nowMs);
    return deadlineMs === undefined || ending ? "done" : { afterMs: Math.max(1, deadlineMs) };
  }

  #wantedActive(job: Job, { succeeded, active }: Tally): number {
    const parallelism = job.spec?.parallelism ?? 1;
    const completions = wantedCompletions(job);
    if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
    return Math.min(completions - succeeded, parallelism);
  }

  /** Kubernetes: 10 s after a failure, twice as long after each further one in a row. */
  #backoffMs(job: Job, nowMs: number): number {
    const failures = this.#failures.get(job.metadata?.uid ?? "");
    if (!failures) return 0;
    const delayMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** (failures.count - 1));
    return Math.max(0, failures.lastMs + delayMs - nowMs);
  }

  async #createPods(key: string, job: Job, counted: Tally, count: number): Promise<void> {
    const indexes = isIndexed(job) ? freeIndexes(job, counted, count) : [];
    const size = isIndexed(job) ? indexes.length : count;
    this.#expectations.expectCreations(key, size);
    const name = { generateName: `${job.metadata?.name}-` };
    const { created, error } = await slowStart(size, async () => {
      const pod = this.#podControl.podFrom(job.spec?.template ?? {}, job, name);
      try {
        await this.#podControl.create(job, jobPod(job, pod, indexes.shift()));
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    if (created < size) this.#expectations.created(key, size - created);
    if (error !== undefined) throw error;
  }

  async #release({ metadata }: Pod): Promise<void> {
    const { namespace, name = "", finalizers = [] } = metadata ?? {};
    const left = finalizers.filter((one) => one !== trackingFinalizer);
    const body = { metadata: { finalizers: left.length > 0 ? left : null } };
    try {
      await this.#context.client.patch(pods, { namespace, name }, { type: "merge", body });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  /** Nobody will count the pods of a Job that is gone or going. */
  async #releaseLost(namespace: string, name: string, job: Job | undefined): Promise<void> {
    const counting = job && !job.metadata?.deletionTimestamp ? job.metadata?.uid : undefined;
    for (const pod of this.#pods.list(namespace)) {
      const owner = controllerOf(pod);
      if (owner?.kind !== "Job" || owner.name !== name || owner.uid === counting) continue;
      if (pod.metadata?.finalizers?.includes(trackingFinalizer)) await this.#release(pod);
    }
  }

  /** A finished Job goes ttlSecondsAfterFinished after its end. */
  async #expire(job: Job): Promise<Result> {
    this.#failures.delete(job.metadata?.uid ?? "");
    const ttl = job.spec?.ttlSecondsAfterFinished;
    if (ttl === undefined) return "done";
    const end = job.status?.conditions?.find(
      ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
    );
    const endMs = fromTime(end?.lastTransitionTime) ?? 0;
    const leftMs = endMs + ttl * 1000 - this.#context.clock.now();
    if (leftMs > 0) return { afterMs: leftMs };
    const { namespace, name = "" } = job.metadata ?? {};
    const options = { propagationPolicy: "Foreground" } as const;
    await this.#context.client.delete(jobs, { namespace, name }, options);
    return "done";
  }
}

/** The lowest indexes that are neither done nor worked on. */
function freeIndexes(job: Job, { active, completedIndexes }: Tally, count: number): number[] {
  const taken = new Set([...completedIndexes, ...active.map(indexOf)]);
  const all = Array.from({ length: job.spec?.completions ?? 0 }, (_, index) => index);
  return all.filter((index) => !taken.has(index)).slice(0, count);
}
