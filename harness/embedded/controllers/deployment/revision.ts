import type { Deployment, ReplicaSet } from "kubernetes-types/apps/v1";
import { desiredReplicas, maxSurge } from "./replicas.ts";

export const revisionAnnotation = "deployment.kubernetes.io/revision";
export const revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history";
export const desiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas";
export const maxReplicasAnnotation = "deployment.kubernetes.io/max-replicas";

const longestHistory = 2000;
const notCopied = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deprecated.deployment.rollback.to",
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
]);

/** The revision that an annotation names; 0 where there is none. */
export function revisionOf(object: ReplicaSet | Deployment): number {
  return Number(object.metadata?.annotations?.[revisionAnnotation] ?? 0) || 0;
}

/** The highest revision of these. */
export function maxRevision(replicaSets: readonly ReplicaSet[]): number {
  return Math.max(0, ...replicaSets.map(revisionOf));
}

/** A number that an annotation holds. */
export function numberAnnotation(replicaSet: ReplicaSet, name: string): number | undefined {
  const value = replicaSet.metadata?.annotations?.[name];
  return value === undefined || !/^\d+$/.test(value) ? undefined : Number(value);
}

/** What a ReplicaSet says about the Deployment's size, for scaling in proportion later. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const desired = desiredReplicas(deployment);
  return {
    [desiredReplicasAnnotation]: String(desired),
    [maxReplicasAnnotation]: String(desired + maxSurge(deployment)),
  };
}

/** Whether the ReplicaSet says another size than the Deployment has now. */
export function hasOldSize(replicaSet: ReplicaSet, deployment: Deployment): boolean {
  const annotations = replicaSet.metadata?.annotations ?? {};
  return Object.entries(sizeAnnotations(deployment)).some(
    ([name, value]) => annotations[name] !== value,
  );
}

/** The annotations the newest ReplicaSet gets: the Deployment's own, its revision and the revisions it had before. */
export function revisionAnnotations(
  deployment: Deployment,
  before: Readonly<Record<string, string>>,
  revision: number,
): Record<string, string> {
  const annotations: Record<string, string> = { ...before };
  for (const [name, value] of Object.entries(deployment.metadata?.annotations ?? {}))
    if (!notCopied.has(name)) annotations[name] = value;
  const old = before[revisionAnnotation];
  // Kubernetes: a revision never falls, even where higher ones were deleted meanwhile.
  if ((Number(old ?? 0) || 0) >= revision) return annotations;
  annotations[revisionAnnotation] = String(revision);
  if (old !== undefined)
    annotations[revisionHistoryAnnotation] = appendRevision(before[revisionHistoryAnnotation], old);
  return annotations;
}

function appendRevision(history: string | undefined, revision: string): string {
  const revisions = history ? history.split(",") : [];
  revisions.push(revision);
  while (revisions.length > 1 && revisions.join(",").length > longestHistory) revisions.shift();
  return revisions.join(",");
}
