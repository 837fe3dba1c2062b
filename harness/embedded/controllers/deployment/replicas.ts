import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1";
import { resolveFenceposts } from "../objects/int-or-percent.ts";
import type { CountedReplicaSetStatus } from "../replicaset/replicaset-status.ts";

/** How many pods the Deployment wants. */
export function desiredReplicas(deployment: Deployment): number {
  return deployment.spec?.replicas ?? 1;
}

/** How many pods the ReplicaSet is asked to keep. */
export function specReplicas(replicaSet: ReplicaSet): number {
  return replicaSet.spec?.replicas ?? 1;
}

/** The sum of `spec.replicas`. */
export function totalSpecReplicas(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, replicaSet) => sum + specReplicas(replicaSet), 0);
}

type Counted = "replicas" | "readyReplicas" | "availableReplicas" | "terminatingReplicas";

/** The sum of one count of the ReplicaSets' statuses. */
export function totalStatus(replicaSets: readonly ReplicaSet[], count: Counted): number {
  return replicaSets.reduce((sum, replicaSet) => {
    const status: CountedReplicaSetStatus | undefined = replicaSet.status;
    return sum + (status?.[count] ?? 0);
  }, 0);
}

/** ReplicaSets that are asked for at least one pod. */
export function activeReplicaSets(replicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  return replicaSets.filter((replicaSet) => specReplicas(replicaSet) > 0);
}

export function isRollingUpdate(deployment: Deployment): boolean {
  return (deployment.spec?.strategy?.type ?? "RollingUpdate") === "RollingUpdate";
}

/** How many pods may exist above the wanted number while rolling. */
export function maxSurge(deployment: Deployment): number {
  if (!isRollingUpdate(deployment)) return 0;
  const { rollingUpdate } = deployment.spec?.strategy ?? {};
  const { maxSurge: surge, maxUnavailable: unavailable } = rollingUpdate ?? {};
  return resolveFenceposts(surge, unavailable, desiredReplicas(deployment)).surge;
}

/** How many of the wanted pods may be missing while rolling. */
export function maxUnavailable(deployment: Deployment): number {
  const desired = desiredReplicas(deployment);
  if (!isRollingUpdate(deployment) || desired === 0) return 0;
  const { rollingUpdate } = deployment.spec?.strategy ?? {};
  const { maxSurge: surge, maxUnavailable: unavailable } = rollingUpdate ?? {};
  return Math.min(desired, resolveFenceposts(surge, unavailable, desired).unavailable);
}

/** Oldest first, then by name. */
export function oldestFirst(replicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  return replicaSets.toSorted((one, other) => age(one, other) || byName(one, other));
}

/** Largest first; of the same size the newest or the oldest, and of those the last or the first by name. */
export function largestFirst(
  replicaSets: readonly ReplicaSet[],
  then: "newest" | "oldest",
): ReplicaSet[] {
  const ordered = oldestFirst(replicaSets);
  return (then === "newest" ? ordered.toReversed() : ordered).toSorted(
    (one, other) => specReplicas(other) - specReplicas(one),
  );
}

function age(one: ReplicaSet, other: ReplicaSet): number {
  const [a, b] = [one.metadata?.creationTimestamp ?? "", other.metadata?.creationTimestamp ?? ""];
  return a < b ? -1 : a > b ? 1 : 0;
}

function byName(one: ReplicaSet, other: ReplicaSet): number {
  return (one.metadata?.name ?? "") < (other.metadata?.name ?? "") ? -1 : 1;
}
