import type { ReplicaSet } from "kubernetes-types/apps/v1";
import type { Pod } from "kubernetes-types/core/v1";
import type { Result } from "../loop/controller.ts";
import { controllerOf } from "../objects/owners.ts";
import { isFinished } from "../objects/pod-state.ts";
import { isComplete } from "./deployment-status.ts";
import { proportionalSizes } from "./proportional-scaling.ts";
import {
  activeReplicaSets,
  desiredReplicas,
  isRollingUpdate,
  oldestFirst,
  specReplicas,
  totalStatus,
} from "./replicas.ts";
import { desiredReplicasAnnotation, numberAnnotation } from "./revision.ts";
import { mayGo, newestSize, withoutSurplus, withoutUnhealthy } from "./rolling-sizes.ts";
import type { Rollout, Split } from "./rollout.ts";

/** One step of a rolling update: up by the surge, or down by what may be missed. */
export async function rollRolling(rollout: Rollout): Promise<Result> {
  const { newest, old } = await rollout.split({ create: true });
  if (!newest) throw new Error("the newest ReplicaSet was not created");
  const size = newestSize(rollout.deployment, [...old, newest], newest);
  // Kubernetes: the status tells of the sizes before this step; the next look tells of those after it.
  if (size !== specReplicas(newest)) {
    await rollout.scale(newest, size);
    return rollout.writeProgress({ newest, old });
  }
  if (await shrinkOld(rollout, old, newest)) return rollout.writeProgress({ newest, old });
  if (isComplete(rollout.deployment, rollout.deployment.status ?? {})) await rollout.cleanUp(old);
  return rollout.writeProgress({ newest, old });
}

/** Scales down what may go of the old ReplicaSets; whether any did. */
async function shrinkOld(
  rollout: Rollout,
  old: readonly ReplicaSet[],
  newest: ReplicaSet,
): Promise<boolean> {
  const active = activeReplicaSets(old);
  const limit = mayGo(rollout.deployment, active, newest);
  if (limit === 0) return false;
  let changed = false;
  const resize = async (sizes: readonly { replicaSet: ReplicaSet; replicas: number }[]) => {
    const resized: ReplicaSet[] = [];
    for (const { replicaSet, replicas } of sizes) {
      const keep = specReplicas(replicaSet) === replicas;
      changed ||= !keep;
      resized.push(keep ? replicaSet : await rollout.scale(replicaSet, replicas));
    }
    return resized;
  };
  const healthy = await resize(withoutUnhealthy(active, limit));
  await resize(withoutSurplus(rollout.deployment, healthy, newest));
  return changed;
}

/** Recreate: nothing new before the last old pod is gone. */
export async function rollRecreate(rollout: Rollout, pods: readonly Pod[]): Promise<Result> {
  const { newest, old } = await rollout.split({ create: false });
  const active = activeReplicaSets(old);
  if (active.length > 0) {
    for (const replicaSet of active) await rollout.scale(replicaSet, 0);
    return rollout.writeProgress({ newest, old });
  }
  if (hasOldPods(newest, old, pods)) return rollout.writeProgress({ newest, old });
  const split: Split = newest ? { newest, old } : await rollout.split({ create: true });
  if (!split.newest) throw new Error("the newest ReplicaSet was not created");
  const desired = desiredReplicas(rollout.deployment);
  // Kubernetes: one that has its size keeps the annotations of its size too.
  if (specReplicas(split.newest) !== desired) await rollout.scale(split.newest, desired);
  if (isComplete(rollout.deployment, rollout.deployment.status ?? {})) await rollout.cleanUp(old);
  return rollout.writeProgress({ newest: split.newest, old });
}

function hasOldPods(
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  pods: readonly Pod[],
): boolean {
  if (totalStatus(old, "replicas") > 0) return true;
  return pods.some((pod) => controllerOf(pod)?.uid !== newest?.metadata?.uid && !isFinished(pod));
}

/** Whether the Deployment was given another size than its ReplicaSets were made for. */
export async function isScaling(rollout: Rollout): Promise<boolean> {
  const { newest, old } = await rollout.split({ create: false });
  return activeReplicaSets(newest ? [...old, newest] : old).some((replicaSet) => {
    const before = numberAnnotation(replicaSet, desiredReplicasAnnotation);
    return before !== undefined && before !== desiredReplicas(rollout.deployment);
  });
}

/** Follows a changed size, or stands still while paused; never starts a rollout. */
export async function scaleOnly(rollout: Rollout): Promise<Result> {
  const split = await rollout.split({ create: false });
  await scaleAll(rollout, split);
  if (rollout.deployment.spec?.paused) await rollout.cleanUp(split.old);
  return rollout.writeCounts(split);
}

async function scaleAll(rollout: Rollout, { newest, old }: Split): Promise<void> {
  const { deployment } = rollout;
  const desired = desiredReplicas(deployment);
  const only = activeOrLatest(newest, old);
  if (only) {
    if (specReplicas(only) !== desired) await rollout.scale(only, desired);
    return;
  }
  if (isSaturated(newest, desired)) {
    for (const replicaSet of activeReplicaSets(old)) await rollout.scale(replicaSet, 0);
    return;
  }
  if (!isRollingUpdate(deployment)) return;
  const active = activeReplicaSets(newest ? [...old, newest] : old);
  for (const { replicaSet, replicas } of proportionalSizes(deployment, active))
    await rollout.scale(replicaSet, replicas);
}

/** The one ReplicaSet to scale where there is no choice: the only one with pods, else the newest. */
function activeOrLatest(
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): ReplicaSet | undefined {
  const active = activeReplicaSets(newest ? [...old, newest] : old);
  if (active.length > 1) return undefined;
  return active[0] ?? newest ?? oldestFirst(old).at(-1);
}

function isSaturated(newest: ReplicaSet | undefined, desired: number): boolean {
  if (!newest) return false;
  return (
    numberAnnotation(newest, desiredReplicasAnnotation) === desired &&
    specReplicas(newest) === desired &&
    (newest.status?.availableReplicas ?? 0) === desired
  );
}
