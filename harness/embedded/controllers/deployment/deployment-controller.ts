import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1";
import type { Pod } from "kubernetes-types/core/v1";
import type { EventRecorder } from "../../events.ts";
import type { Informer } from "../../informer.ts";
import { deployments, pods, replicaSets } from "../../resources.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { keyOf, parseKey } from "../loop/key.ts";
import { claim } from "../objects/claim.ts";
import { controllerOf, isControlledBy } from "../objects/owners.ts";
import { matchesSelector } from "../objects/selector.ts";
import { findCondition } from "./conditions.ts";
import { hasProgressDeadline } from "./deployment-status.ts";
import { Rollout } from "./rollout.ts";
import { isScaling, rollRecreate, rollRolling, scaleOnly } from "./strategies.ts";

/** Rolls ReplicaSets so that each Deployment's pods follow its template. */
export class DeploymentController implements Controller {
  readonly name = "deployment";
  readonly workers = 5;
  readonly #context: ControllerContext;
  readonly #deployments: Informer<Deployment>;
  readonly #replicaSets: Informer<ReplicaSet>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#deployments = context.caches.of(deployments);
    this.#replicaSets = context.caches.of(replicaSets);
    this.#pods = context.caches.of(pods);
    this.#recorder = context.recorder("deployment-controller");
  }

  watch(enqueue: Enqueue): void {
    const enqueueObject = (object: Deployment): void => enqueue(keyOf(object));
    this.#deployments.on({
      added: enqueueObject,
      updated: enqueueObject,
      deleted: enqueueObject,
    });
    this.#replicaSets.on({
      added: (replicaSet) => this.#enqueueOwners(replicaSet, enqueue),
      updated: (replicaSet, old) => {
        const before = this.#ownerOf(old);
        if (before && before !== this.#ownerOf(replicaSet)) enqueue(keyOf(before));
        this.#enqueueOwners(replicaSet, enqueue);
      },
      deleted: (replicaSet) => this.#enqueueOwners(replicaSet, enqueue),
    });
    // Recreate waits for pods to be gone, which no ReplicaSet may tell.
    this.#pods.on({
      deleted: (pod) => {
        const replicaSet = this.#replicaSetOf(pod);
        const owner = replicaSet && this.#ownerOf(replicaSet);
        if (owner?.spec?.strategy?.type === "Recreate") enqueue(keyOf(owner));
      },
    });
  }

  async reconcile(key: string): Promise<Result> {
    const deployment = this.#deployments.get(parseKey(key));
    if (!deployment) return "done";
    const namespace = deployment.metadata?.namespace ?? "";
    const owned = await claim({
      client: this.#context.client,
      ownerResource: deployments,
      owner: deployment,
      selector: deployment.spec?.selector,
      resource: replicaSets,
      candidates: this.#replicaSets.list(namespace),
    });
    const rollout = new Rollout({
      client: this.#context.client,
      recorder: this.#recorder,
      nowMs: this.#context.clock.now(),
      deployment,
      owned,
    });
    return this.#roll(rollout);
  }

  async #roll(rollout: Rollout): Promise<Result> {
    const { deployment } = rollout;
    if (deployment.metadata?.deletionTimestamp)
      return rollout.writeCounts(await rollout.split({ create: false }));
    await notePause(rollout);
    if (deployment.spec?.paused) return scaleOnly(rollout);
    if (await isScaling(rollout)) return scaleOnly(rollout);
    if (deployment.spec?.strategy?.type !== "Recreate") return rollRolling(rollout);
    return rollRecreate(rollout, this.#podsOf(rollout));
  }

  #podsOf(rollout: Rollout): Pod[] {
    const { owned } = rollout.options;
    return this.#pods
      .list(rollout.deployment.metadata?.namespace ?? "")
      .filter((pod) => owned.some((replicaSet) => isControlledBy(pod, replicaSet)));
  }

  #ownerOf(replicaSet: ReplicaSet): Deployment | undefined {
    const controller = controllerOf(replicaSet);
    if (controller?.kind !== "Deployment") return undefined;
    const { namespace } = replicaSet.metadata ?? {};
    const owner = this.#deployments.get({ namespace, name: controller.name });
    return owner?.metadata?.uid === controller.uid ? owner : undefined;
  }

  #replicaSetOf(pod: Pod): ReplicaSet | undefined {
    const name = controllerOf(pod)?.name;
    const { namespace } = pod.metadata ?? {};
    return name === undefined ? undefined : this.#replicaSets.get({ namespace, name });
  }

  /** The ReplicaSet's owner; for an orphan everyone who might adopt it. */
  #enqueueOwners(replicaSet: ReplicaSet, enqueue: Enqueue): void {
    const owner = this.#ownerOf(replicaSet);
    if (owner) enqueue(keyOf(owner));
    if (controllerOf(replicaSet)) return;
    for (const candidate of this.#deployments.list(replicaSet.metadata?.namespace ?? ""))
      if (matchesSelector(candidate.spec?.selector, replicaSet.metadata?.labels))
        enqueue(keyOf(candidate));
  }
}

/** Pausing and resuming show in the Progressing condition, so that a pause is not taken for standing still. */
async function notePause(rollout: Rollout): Promise<void> {
  const { deployment } = rollout;
  if (!hasProgressDeadline(deployment)) return;
  const reason = findCondition(deployment.status?.conditions ?? [], "Progressing")?.reason;
  if (reason === "ProgressDeadlineExceeded") return;
  const paused = deployment.spec?.paused === true;
  if (paused === (reason === "DeploymentPaused")) return;
  if (paused)
    rollout.setCondition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused");
  else rollout.setCondition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed");
  await rollout.writeDeployment();
}
