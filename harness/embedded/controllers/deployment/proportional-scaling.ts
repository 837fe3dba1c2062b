import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1";
import {
  desiredReplicas,
  largestFirst,
  maxSurge,
  specReplicas,
  totalSpecReplicas,
} from "./replicas.ts";
import { maxReplicasAnnotation, numberAnnotation } from "./revision.ts";

/**
 * The size of each active ReplicaSet after the Deployment was scaled in the middle of a rollout: each grows or shrinks
 * by its share, and what rounding leaves over goes to the largest.
 */
export function proportionalSizes(
  deployment: Deployment,
  active: readonly ReplicaSet[],
): readonly { readonly replicaSet: ReplicaSet; readonly replicas: number }[] {
  const desired = desiredReplicas(deployment);
  const allowed = desired > 0 ? desired + maxSurge(deployment) : 0;
  const toAdd = allowed - totalSpecReplicas(active);
  if (toAdd === 0)
    return active.map((replicaSet) => ({ replicaSet, replicas: specReplicas(replicaSet) }));
  let added = 0;
  const sized = largestFirst(active, toAdd > 0 ? "newest" : "oldest").map((replicaSet) => {
    const share = proportion(replicaSet, deployment, toAdd - added);
    added += share;
    return { replicaSet, replicas: specReplicas(replicaSet) + share };
  });
  const leftover = toAdd - added;
  return sized.map(({ replicaSet, replicas }, index) => ({
    replicaSet,
    replicas: index === 0 ? Math.max(0, replicas + leftover) : replicas,
  }));
}

/** `left` is what is still to be shared out, negative when scaling down. */
function proportion(replicaSet: ReplicaSet, deployment: Deployment, left: number): number {
  if (specReplicas(replicaSet) === 0 || left === 0) return 0;
  const share = fraction(replicaSet, deployment);
  return left > 0 ? Math.min(share, left) : Math.max(share, left);
}

function fraction(replicaSet: ReplicaSet, deployment: Deployment): number {
  const size = specReplicas(replicaSet);
  const desired = desiredReplicas(deployment);
  if (desired === 0) return -size;
  const before =
    numberAnnotation(replicaSet, maxReplicasAnnotation) || deployment.status?.replicas || 0;
  if (before === 0) return 0;
  return Math.round((size * (desired + maxSurge(deployment))) / before) - size;
}
