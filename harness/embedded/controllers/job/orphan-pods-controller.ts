import type { Job } from "kubernetes-types/batch/v1";
import type { Pod } from "kubernetes-types/core/v1";
import type { Informer } from "../../informer.ts";
import { jobs, pods } from "../../resources.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { keyOf, parseKey } from "../loop/key.ts";
import { controllerOf, isControlledBy } from "../objects/owners.ts";
import { isOver } from "./job-conditions.ts";
import { isTracked, releasePod } from "./job-pods.ts";

/** Takes the Job's finalizer off pods that no Job will count: those of a Job that is gone or over, and orphans. */
export class JobOrphanPodsController implements Controller {
  readonly name = "job-orphan-pods";
  readonly #context: ControllerContext;
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#jobs = context.caches.of(jobs);
    this.#pods = context.caches.of(pods);
  }

  watch(enqueue: Enqueue): void {
    const enqueueTracked = (pod: Pod): void => {
      if (isTracked(pod)) enqueue(keyOf(pod));
    };
    this.#pods.on({ added: enqueueTracked, updated: enqueueTracked });
    const enqueueOwned = (job: Job): void => {
      for (const pod of this.#pods.list(job.metadata?.namespace ?? ""))
        if (isControlledBy(pod, job)) enqueueTracked(pod);
    };
    this.#jobs.on({
      updated: (job) => {
        if (isOver(job)) enqueueOwned(job);
      },
      deleted: enqueueOwned,
    });
  }

  async reconcile(key: string): Promise<Result> {
    const pod = this.#pods.get(parseKey(key));
    if (pod && isTracked(pod) && !this.#isCounted(pod)) await releasePod(this.#context.client, pod);
    return "done";
  }

  #isCounted(pod: Pod): boolean {
    const controller = controllerOf(pod);
    if (!controller) return false;
    if (controller.kind !== "Job") return true;
    const job = this.#jobs.get({ namespace: pod.metadata?.namespace, name: controller.name });
    return job?.metadata?.uid === controller.uid && !isOver(job);
  }
}
