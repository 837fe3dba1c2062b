import { isDeepStrictEqual } from "node:util";
import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1";
import type { Client } from "../../client.ts";
import { type EventRecorder, referenceTo } from "../../events.ts";
import { deployments, replicaSets } from "../../resources.ts";
import { isStatus } from "../../status-error.ts";
import type { Result } from "../loop/controller.ts";
import { sameTemplate } from "../objects/template-hash.ts";
import { findCondition, newCondition, withCondition } from "./conditions.ts";
import {
  type CountedDeploymentStatus,
  countedStatus,
  hasProgressDeadline,
  isComplete,
  msUntilDeadline,
  rolloutStatus,
} from "./deployment-status.ts";
import { createNewest } from "./newest-replicaset.ts";
import { oldestFirst, specReplicas } from "./replicas.ts";
import {
  hasOldSize,
  maxRevision,
  revisionAnnotation,
  revisionAnnotations,
  revisionOf,
  sizeAnnotations,
} from "./revision.ts";

export interface RolloutOptions {
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly nowMs: number;
  readonly deployment: Deployment;
  /** The ReplicaSets the Deployment controls. */
  readonly owned: readonly ReplicaSet[];
}

/** The Deployment's ReplicaSets: the one of its present template, where there is one, and the others. */
export interface Split {
  readonly newest: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

/**
 * One look at one Deployment: its own copy of the object, its ReplicaSets as the cache had them, and the writes that
 * every strategy needs. A second write of the Deployment in the same look conflicts with the first, and the loop then
 * looks again at the newer state, as Kubernetes' controller does.
 */
export class Rollout {
  readonly options: RolloutOptions;
  readonly deployment: Deployment;

  constructor(options: RolloutOptions) {
    this.options = options;
    this.deployment = structuredClone(options.deployment);
    this.deployment.status ??= {};
  }

  get nowMs(): number {
    return this.options.nowMs;
  }

  /** Splits the ReplicaSets and brings the revision annotations up to date; creates the newest where asked to. */
  async split(options: { readonly create: boolean }): Promise<Split> {
    const { owned } = this.options;
    const template = this.deployment.spec?.template ?? {};
    const existing = oldestFirst(owned).find((replicaSet) =>
      sameTemplate(replicaSet.spec?.template ?? {}, template),
    );
    const old = owned.filter((replicaSet) => replicaSet !== existing);
    const revision = maxRevision(old) + 1;
    if (existing) return { newest: await this.#adoptNewest(existing, revision), old };
    if (!options.create) return { newest: undefined, old };
    return { newest: await createNewest(this, old, revision), old };
  }

  async #adoptNewest(existing: ReplicaSet, revision: number): Promise<ReplicaSet> {
    const before = existing.metadata?.annotations ?? {};
    const annotations = revisionAnnotations(this.deployment, before, revision);
    const minReadySeconds = this.deployment.spec?.minReadySeconds ?? 0;
    const sameReady = (existing.spec?.minReadySeconds ?? 0) === minReadySeconds;
    if (!isDeepStrictEqual({ ...before }, annotations) || !sameReady) {
      const next = structuredClone(existing);
      next.metadata = { ...next.metadata, annotations };
      // A zero is left out, so that it is no change of the spec.
      if (next.spec && minReadySeconds > 0) next.spec.minReadySeconds = minReadySeconds;
      else delete next.spec?.minReadySeconds;
      return this.options.client.update(replicaSets, next);
    }
    let changed = this.setRevision(revisionOf(existing));
    const { conditions = [] } = this.deployment.status ?? {};
    if (hasProgressDeadline(this.deployment) && !findCondition(conditions, "Progressing")) {
      const message = `Found new replica set "${existing.metadata?.name}"`;
      this.setCondition("Progressing", "True", "FoundNewReplicaSet", message);
      changed = true;
    }
    if (changed) await this.writeDeployment();
    return existing;
  }

  /** Notes the revision on this copy of the Deployment; whether that is news. */
  setRevision(revision: number): boolean {
    const annotations = this.deployment.metadata?.annotations;
    if (annotations?.[revisionAnnotation] === String(revision)) return false;
    this.deployment.metadata = {
      ...this.deployment.metadata,
      annotations: { ...annotations, [revisionAnnotation]: String(revision) },
    };
    return true;
  }

  setCondition(
    type: string,
    status: "True" | "False" | "Unknown",
    reason: string,
    message: string,
  ): void {
    const condition = newCondition(type, status, reason, message, this.nowMs);
    const { conditions = [] } = this.deployment.status ?? {};
    this.deployment.status = {
      ...this.deployment.status,
      conditions: withCondition(conditions, condition),
    };
  }

  /** Stores the copy's status and annotations, by the version that was read. */
  async writeDeployment(): Promise<void> {
    await this.options.client.update(deployments, this.deployment, { subresource: "status" });
  }

  report(type: "Normal" | "Warning", reason: string, message: string): void {
    this.options.recorder.record(referenceTo(deployments, this.deployment), type, reason, message);
  }

  /** Gives the ReplicaSet this size; answers it as it is now, the same object where nothing had to change. */
  async scale(replicaSet: ReplicaSet, replicas: number): Promise<ReplicaSet> {
    const before = specReplicas(replicaSet);
    if (before === replicas && !hasOldSize(replicaSet, this.deployment)) return replicaSet;
    const next = structuredClone(replicaSet);
    next.metadata = {
      ...next.metadata,
      annotations: { ...next.metadata?.annotations, ...sizeAnnotations(this.deployment) },
    };
    if (next.spec) next.spec.replicas = replicas;
    const scaled = await this.options.client.update(replicaSets, next);
    const direction = before < replicas ? "up" : "down";
    const name = replicaSet.metadata?.name;
    const message = `Scaled ${direction} replica set ${name} from ${before} to ${replicas}`;
    if (before !== replicas) this.report("Normal", "ScalingReplicaSet", message);
    return scaled;
  }

  /** Writes counts and availability only: while paused or scaling, progress is nobody's business. */
  async writeCounts({ newest, old }: Split): Promise<Result> {
    const all = newest ? [...old, newest] : old;
    return this.#writeStatus(countedStatus(this.deployment, all, newest, this.nowMs));
  }

  /** Writes the status with the rollout's progress; looks again when the deadline may have passed. */
  async writeProgress({ newest, old }: Split): Promise<Result> {
    const all = newest ? [...old, newest] : old;
    const next = rolloutStatus(this.deployment, all, newest, this.nowMs);
    if (isDeepStrictEqual(this.deployment.status, next)) return this.#untilDeadline(next);
    return this.#writeStatus(next);
  }

  #untilDeadline(status: CountedDeploymentStatus): Result {
    if (isComplete(this.deployment, status)) return "done";
    const leftMs = msUntilDeadline(this.deployment, this.nowMs);
    // Kubernetes: a second is added because the condition's time has no fractions.
    return leftMs === undefined ? "done" : { afterMs: Math.max(10, leftMs + 1000) };
  }

  async #writeStatus(status: CountedDeploymentStatus): Promise<Result> {
    if (isDeepStrictEqual(this.deployment.status, status)) return "done";
    this.deployment.status = status;
    await this.writeDeployment();
    return "done";
  }

  /** Deletes the oldest ReplicaSets above revisionHistoryLimit that have no pods any more. */
  async cleanUp(old: readonly ReplicaSet[]): Promise<void> {
    const limit = this.deployment.spec?.revisionHistoryLimit;
    if (limit === undefined) return;
    const alive = old.filter(({ metadata }) => !metadata?.deletionTimestamp);
    const surplus = alive
      .toSorted((one, other) => revisionOf(one) - revisionOf(other))
      .slice(0, Math.max(0, alive.length - limit));
    for (const replicaSet of surplus) {
      const { metadata, status } = replicaSet;
      const inUse = (status?.replicas ?? 0) !== 0 || specReplicas(replicaSet) !== 0;
      const unseen = (metadata?.generation ?? 0) > (status?.observedGeneration ?? 0);
      if (inUse || unseen) continue;
      const key = { namespace: metadata?.namespace, name: metadata?.name ?? "" };
      try {
        await this.options.client.delete(replicaSets, key, { propagationPolicy: "Background" });
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
  }
}
