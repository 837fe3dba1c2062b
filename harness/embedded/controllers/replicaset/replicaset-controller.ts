import type { ReplicaSet } from "kubernetes-types/apps/v1";
import type { Pod } from "kubernetes-types/core/v1";
import type { Informer } from "../../informer.ts";
import { pods, replicaSets } from "../../resources.ts";
import { claim } from "../objects/claim.ts";
import { controllerOf, isControlledBy } from "../objects/owners.ts";
import { isActive, isTerminating, msUntilNextAvailable } from "../objects/pod-state.ts";
import { matchesSelector } from "../objects/selector.ts";
import { isNamespaceTerminating, PodControl } from "../pods/pod-control.ts";
import { podsToDelete } from "../pods/deletion-rank.ts";
import { watchOwnedPods } from "../pods/watch-owned-pods.ts";
import { slowStart } from "../pods/slow-start.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { Expectations } from "../loop/expectations.ts";
import { parseKey } from "../loop/key.ts";
import {
  type CountedReplicaSetStatus,
  isSameStatus,
  replicaSetStatus,
} from "./replicaset-status.ts";

/** Kubernetes: how many pods one pass may create or delete. */
const burstReplicas = 500;

/** Keeps as many pods as each ReplicaSet asks for. */
export class ReplicaSetController implements Controller {
  readonly name = "replicaset";
  readonly workers = 5;
  readonly #context: ControllerContext;
  readonly #replicaSets: Informer<ReplicaSet>;
  readonly #pods: Informer<Pod>;
  readonly #expectations: Expectations;
  readonly #podControl: PodControl;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#replicaSets = context.caches.of(replicaSets);
    this.#pods = context.caches.of(pods);
    this.#expectations = new Expectations(context.clock);
    const recorder = context.recorder("replicaset-controller");
    this.#podControl = new PodControl(context.client, recorder, replicaSets);
  }

  watch(enqueue: Enqueue): void {
    watchOwnedPods(
      {
        resource: replicaSets,
        owners: this.#replicaSets,
        pods: this.#pods,
        expectations: this.#expectations,
      },
      enqueue,
    );
  }

  async reconcile(key: string): Promise<Result> {
    const replicaSet = this.#replicaSets.get(parseKey(key));
    if (!replicaSet) return "done";
    const caughtUp = this.#expectations.isSatisfied(key);
    const { active, terminating } = await this.#claimPods(replicaSet);
    const mayManage = caughtUp && !replicaSet.metadata?.deletionTimestamp;
    const failure = mayManage ? await this.#manage(key, replicaSet, active) : undefined;
    const nowMs = this.#context.clock.now();
    const next = replicaSetStatus(replicaSet, active, terminating, failure, nowMs);
    await this.#writeStatus(replicaSet, next);
    if (failure !== undefined) throw failure;
    return this.#untilNextAvailable(replicaSet, active, nowMs);
  }

  async #claimPods(replicaSet: ReplicaSet): Promise<{ active: Pod[]; terminating: Pod[] }> {
    const all = this.#pods.list(replicaSet.metadata?.namespace ?? "");
    const selector = replicaSet.spec?.selector;
    const active = await claim({
      client: this.#context.client,
      ownerResource: replicaSets,
      owner: replicaSet,
      selector,
      resource: pods,
      candidates: all.filter(isActive),
    });
    const terminating = all.filter(
      (pod) =>
        isTerminating(pod) &&
        isControlledBy(pod, replicaSet) &&
        matchesSelector(selector, pod.metadata?.labels),
    );
    return { active, terminating };
  }

  /** Creates or deletes pods; answers what went wrong so that the status can say it. */
  async #manage(key: string, replicaSet: ReplicaSet, active: readonly Pod[]): Promise<unknown> {
    const missing = (replicaSet.spec?.replicas ?? 0) - active.length;
    if (missing > 0) return this.#createPods(key, replicaSet, Math.min(missing, burstReplicas));
    if (missing < 0)
      return this.#deletePods(key, replicaSet, active, Math.min(-missing, burstReplicas));
    return undefined;
  }

  async #createPods(key: string, replicaSet: ReplicaSet, count: number): Promise<unknown> {
    this.#expectations.expectCreations(key, count);
    const template = replicaSet.spec?.template ?? {};
    const name = { generateName: `${replicaSet.metadata?.name}-` };
    const { created, error } = await slowStart(count, async () => {
      try {
        await this.#podControl.create(
          replicaSet,
          this.#podControl.podFrom(template, replicaSet, name),
        );
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    if (created < count) this.#expectations.created(key, count - created);
    return error;
  }

  async #deletePods(
    key: string,
    replicaSet: ReplicaSet,
    active: readonly Pod[],
    count: number,
  ): Promise<unknown> {
    const nowMs = this.#context.clock.now();
    const chosen = podsToDelete(active, this.#relatedPods(replicaSet), count, nowMs);
    this.#expectations.expectDeletions(key, chosen.map(uidOf));
    const results = await Promise.allSettled(
      chosen.map(async (pod) => {
        try {
          if (!(await this.#podControl.delete(replicaSet, pod)))
            this.#expectations.deleted(key, uidOf(pod));
        } catch (error) {
          this.#expectations.deleted(key, uidOf(pod));
          throw error;
        }
      }),
    );
    return results.find((result) => result.status === "rejected")?.reason;
  }

  /** The active pods of all ReplicaSets that the same Deployment controls. */
  #relatedPods(replicaSet: ReplicaSet): Pod[] {
    const namespace = replicaSet.metadata?.namespace ?? "";
    const controller = controllerOf(replicaSet);
    const family = controller
      ? this.#replicaSets
          .list(namespace)
          .filter((other) => controllerOf(other)?.uid === controller.uid)
      : [replicaSet];
    return this.#pods
      .list(namespace)
      .filter((pod) => isActive(pod) && family.some((owner) => isControlledBy(pod, owner)));
  }

  async #writeStatus(replicaSet: ReplicaSet, next: CountedReplicaSetStatus): Promise<void> {
    if (isSameStatus(replicaSet, next)) return;
    const { client } = this.#context;
    const { namespace, name = "" } = replicaSet.metadata ?? {};
    try {
      await client.update(replicaSets, { ...replicaSet, status: next }, { subresource: "status" });
    } catch {
      // Kubernetes: one more try on the newest version, keeping the generation that was acted on.
      const fresh = await client.get(replicaSets, { namespace, name });
      await client.update(replicaSets, { ...fresh, status: next }, { subresource: "status" });
    }
  }

  /** A pod that is ready becomes available by time passing alone. */
  #untilNextAvailable(replicaSet: ReplicaSet, active: readonly Pod[], nowMs: number): Result {
    const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
    const afterMs = msUntilNextAvailable(active, minReadySeconds, nowMs);
    return afterMs === undefined ? "done" : { afterMs };
  }
}

function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? "";
}
