import type { Job, JobCondition } from "kubernetes-types/batch/v1";
import type { Pod } from "kubernetes-types/core/v1";
import { isDeepStrictEqual } from "node:util";
import { type EventRecorder, referenceTo } from "../../events.ts";
import type { Informer } from "../../informer.ts";
import { jobs, pods } from "../../resources.ts";
import { fromTime, toTime } from "../../timestamps.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { Expectations } from "../loop/expectations.ts";
import { keyOf, parseKey } from "../loop/key.ts";
import { claim } from "../objects/claim.ts";
import { isReady } from "../objects/pod-state.ts";
import { refuseFields } from "../objects/refuse-fields.ts";
import { PodControl } from "../pods/pod-control.ts";
import { watchOwnedPods } from "../pods/watch-owned-pods.ts";
import { type Failures, failuresAfter, msUntilRetry } from "./job-backoff.ts";
import {
  endingOf,
  isOver,
  msUntilJobDeadline,
  newJobCondition,
  successOf,
} from "./job-conditions.ts";
import { countPods, type JobCount } from "./job-count.ts";
import { JobPodKeeper } from "./job-pod-keeper.ts";
import { isTracked } from "./job-pods.ts";
import { type JobProgress, progressOf, setJobCondition, toStatus } from "./job-progress.ts";
import { JobTracker } from "./job-tracker.ts";

/** Kubernetes: what pods do is looked at once a second, and what is asked of the Job at once. */
const batchMs = 1_000;

/** Runs pods until as many have succeeded as the Job asks for. */
export class JobController implements Controller {
  readonly name = "job";
  readonly workers = 5;
  readonly #context: ControllerContext;
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #expectations: Expectations;
  readonly #keeper: JobPodKeeper;
  readonly #tracker: JobTracker;
  /** By Job uid. */
  readonly #failures = new Map<string, Failures>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#jobs = context.caches.of(jobs);
    this.#pods = context.caches.of(pods);
    this.#recorder = context.recorder("job-controller");
    this.#expectations = new Expectations(context.clock);
    this.#keeper = new JobPodKeeper({
      client: context.client,
      clock: context.clock,
      podControl: new PodControl(context.client, this.#recorder, jobs),
      expectations: this.#expectations,
    });
    this.#tracker = new JobTracker(context, this.#recorder);
  }

  watch(enqueue: Enqueue): void {
    const later: Enqueue = (key) => enqueue(key, batchMs);
    const [owners, allPods, expectations] = [this.#jobs, this.#pods, this.#expectations];
    watchOwnedPods({ resource: jobs, owners, pods: allPods, expectations }, later);
    this.#jobs.on({
      added: (job) => enqueue(keyOf(job)),
      updated: (job, old) => {
        if (job.metadata?.generation !== old.metadata?.generation) enqueue(keyOf(job));
      },
      deleted: ({ metadata }) => this.#failures.delete(metadata?.uid ?? ""),
    });
    allPods.on({
      updated: (pod) => {
        if (!isTracked(pod)) this.#tracker.sawReleased(pod);
      },
      deleted: (pod) => this.#tracker.sawReleased(pod),
    });
  }

  async reconcile(key: string): Promise<Result> {
    const job = this.#jobs.get(parseKey(key));
    if (!job) return "done";
    if (isOver(job)) return this.#expire(job);
    if (this.#refuses(job)) return "done";
    const caughtUp = this.#expectations.isSatisfied(key);
    const count = countPods(job, await this.#claimPods(job), this.#tracker.released);
    return this.#advance(key, job, count, caughtUp);
  }

  #refuses(job: Job): boolean {
    const { managedBy } = job.spec ?? {};
    return refuseFields(this.#recorder, jobs, job, {
      "spec.podFailurePolicy": job.spec?.podFailurePolicy !== undefined,
      "spec.successPolicy": job.spec?.successPolicy !== undefined,
      "spec.backoffLimitPerIndex": job.spec?.backoffLimitPerIndex !== undefined,
      "spec.managedBy": managedBy !== undefined && managedBy !== "kubernetes.io/job-controller",
    });
  }

  #claimPods(job: Job): Promise<Pod[]> {
    return claim({
      client: this.#context.client,
      ownerResource: jobs,
      owner: job,
      selector: job.spec?.selector,
      resource: pods,
      candidates: this.#pods.list(job.metadata?.namespace ?? ""),
      // Nobody would count a pod that was not made with the Job's finalizer.
      mayAdopt: isTracked,
    });
  }

  async #advance(key: string, job: Job, count: JobCount, caughtUp: boolean): Promise<Result> {
    const nowMs = this.#context.clock.now();
    const uid = job.metadata?.uid ?? "";
    const { newlySucceeded, newlyFailed } = count;
    const failures = failuresAfter(this.#failures.get(uid), newlySucceeded, newlyFailed);
    const progress = progressOf(job);
    if (!job.spec?.suspend) progress.startTime ??= toTime(nowMs);
    progress.active = count.active.length;
    progress.ready = count.active.filter(isReady).length;
    progress.terminating = count.terminating.length;
    let ending = endingOf(job, count, progress.startTime, nowMs);
    let problem: unknown;
    let waitMs = 0;
    if (ending) {
      problem = await this.#keeper.stopAll(job, count, progress);
      // Pods that are not in the cache yet have still to be stopped.
      if (progress.active > 0 || !caughtUp) ending = undefined;
    } else {
      const managed = caughtUp && !job.metadata?.deletionTimestamp;
      waitMs = managed ? msUntilRetry(failures, nowMs) : 0;
      if (managed) problem = await this.#keeper.adjust(key, job, count, progress, waitMs > 0);
      ending = successOf(job, count.succeeded, progress.active, nowMs);
      if (managed && !ending) this.#noteSuspension(job, progress, nowMs);
    }
    const changed = !isDeepStrictEqual({ ...job.status }, toStatus(progress));
    const onFlush = (): void => {
      if (failures) this.#failures.set(uid, failures);
      else this.#failures.delete(uid);
    };
    await this.#tracker.track({ job, count, progress, ending, changed, onFlush });
    if (problem !== undefined) throw problem;
    return this.#nextLook(job, progress, ending, waitMs, nowMs);
  }

  /** Suspending and resuming show in a condition; the time that counts against the deadline begins anew. */
  #noteSuspension(job: Job, progress: JobProgress, nowMs: number): void {
    const [status, reason, message, event] = job.spec?.suspend
      ? (["True", "JobSuspended", "Job suspended", "Suspended"] as const)
      : (["False", "JobResumed", "Job resumed", "Resumed"] as const);
    const condition = newJobCondition("Suspended", status, reason, message, nowMs);
    if (!setJobCondition(progress, condition)) return;
    this.#recorder.record(referenceTo(jobs, job), "Normal", event, message);
    if (status === "False") progress.startTime = toTime(nowMs);
  }

  #nextLook(
    job: Job,
    { startTime }: JobProgress,
    ending: JobCondition | undefined,
    waitMs: number,
    nowMs: number,
  ): Result {
    const deadlineMs = ending ? undefined : msUntilJobDeadline(job, startTime, nowMs);
    const waits = [...(waitMs > 0 ? [Math.max(batchMs, waitMs)] : []), deadlineMs ?? []].flat();
    return waits.length > 0 ? { afterMs: Math.max(1, Math.min(...waits)) } : "done";
  }

  /** A finished Job goes ttlSecondsAfterFinished after its end. */
  async #expire(job: Job): Promise<Result> {
    this.#failures.delete(job.metadata?.uid ?? "");
    const ttl = job.spec?.ttlSecondsAfterFinished;
    if (ttl === undefined || job.metadata?.deletionTimestamp) return "done";
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
