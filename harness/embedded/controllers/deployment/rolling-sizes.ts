import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1";
import {
  desiredReplicas,
  isRollingUpdate,
  maxSurge,
  maxUnavailable,
  oldestFirst,
  specReplicas,
  totalSpecReplicas,
  totalStatus,
} from "./replicas.ts";

/** A ReplicaSet and the size it is to have. */
export interface Sized {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

/** How large the newest ReplicaSet may be made now without exceeding maxSurge. */
export function newestSize(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newest: ReplicaSet,
): number {
  const desired = desiredReplicas(deployment);
  const size = specReplicas(newest);
  if (!isRollingUpdate(deployment) || size > desired) return desired;
  const room = desired + maxSurge(deployment) - totalSpecReplicas(all);
  return room <= 0 ? size : size + Math.min(room, desired - size);
}

/** How many pods of old ReplicaSets may go now, counting those of the newest that are not up yet as missing. */
export function mayGo(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  newest: ReplicaSet,
): number {
  if (totalSpecReplicas(old) === 0) return 0;
  const mustStay = desiredReplicas(deployment) - maxUnavailable(deployment);
  const notYetUp = specReplicas(newest) - (newest.status?.availableReplicas ?? 0);
  return Math.max(0, totalSpecReplicas([...old, newest]) - mustStay - notYetUp);
}

/** Old ReplicaSets without up to `limit` pods that are not available: nobody misses those, and they hold up the rest. */
export function withoutUnhealthy(old: readonly ReplicaSet[], limit: number): Sized[] {
  let left = limit;
  return oldestFirst(old).map((replicaSet) => {
    const size = specReplicas(replicaSet);
    const unhealthy = Math.max(0, size - (replicaSet.status?.availableReplicas ?? 0));
    const less = Math.min(left, unhealthy);
    left -= less;
    return { replicaSet, replicas: size - less };
  });
}

/** Old ReplicaSets without as many available pods as may be missed, the oldest first. */
export function withoutSurplus(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  newest: ReplicaSet,
): Sized[] {
  const mustStay = desiredReplicas(deployment) - maxUnavailable(deployment);
  let left = Math.max(0, totalStatus([...old, newest], "availableReplicas") - mustStay);
  return oldestFirst(old).map((replicaSet) => {
    const less = Math.min(specReplicas(replicaSet), left);
    left -= less;
    return { replicaSet, replicas: specReplicas(replicaSet) - less };
  });
}
