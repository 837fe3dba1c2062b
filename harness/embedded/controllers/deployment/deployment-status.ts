import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
} from "kubernetes-types/apps/v1";
import { fromTime } from "../../timestamps.ts";
import { findCondition, newCondition, withCondition, withoutCondition } from "./conditions.ts";
import {
  activeReplicaSets,
  desiredReplicas,
  maxUnavailable,
  totalSpecReplicas,
  totalStatus,
} from "./replicas.ts";

/** The published types are of a Kubernetes that did not count terminating pods yet. */
export type CountedDeploymentStatus = DeploymentStatus & { terminatingReplicas?: number };

const noDeadline = 2_147_483_647;

/** Whether the Deployment asks to be told when it stands still. */
export function hasProgressDeadline({ spec }: Deployment): boolean {
  const seconds = spec?.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== noDeadline;
}

/** The counts and the Available condition that fit these ReplicaSets. */
export function countedStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newest: ReplicaSet | undefined,
  nowMs: number,
): CountedDeploymentStatus {
  const available = totalStatus(all, "availableReplicas");
  const counts = {
    replicas: totalStatus(all, "replicas"),
    updatedReplicas: newest ? totalStatus([newest], "replicas") : 0,
    readyReplicas: totalStatus(all, "readyReplicas"),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, totalSpecReplicas(all) - available),
  };
  const { conditions = [], collisionCount } = deployment.status ?? {};
  return {
    observedGeneration: deployment.metadata?.generation ?? 0,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    terminatingReplicas: totalStatus(all, "terminatingReplicas"),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: withCondition(conditions, availability(deployment, available, nowMs)),
  };
}

function availability(
  deployment: Deployment,
  available: number,
  nowMs: number,
): DeploymentCondition {
  const [status, reason, message] =
    available >= desiredReplicas(deployment) - maxUnavailable(deployment)
      ? (["True", "MinimumReplicasAvailable", "Deployment has minimum availability."] as const)
      : ([
          "False",
          "MinimumReplicasUnavailable",
          "Deployment does not have minimum availability.",
        ] as const);
  return newCondition("Available", status, reason, message, nowMs);
}

/** As `countedStatus`, and with what is known about the rollout's progress and failures. */
export function rolloutStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newest: ReplicaSet | undefined,
  nowMs: number,
): CountedDeploymentStatus {
  const status = countedStatus(deployment, all, newest, nowMs);
  let conditions = progressConditions(deployment, status, newest, nowMs);
  const failure = replicaFailure(all, newest);
  conditions = failure
    ? withCondition(conditions, failure)
    : withoutCondition(conditions, "ReplicaFailure");
  return { ...status, conditions };
}

function progressConditions(
  deployment: Deployment,
  next: CountedDeploymentStatus,
  newest: ReplicaSet | undefined,
  nowMs: number,
): DeploymentCondition[] {
  const conditions = next.conditions ?? [];
  if (!hasProgressDeadline(deployment)) return withoutCondition(conditions, "Progressing");
  const current = findCondition(deployment.status?.conditions ?? [], "Progressing");
  const finishedBefore =
    (next.replicas ?? 0) === (next.updatedReplicas ?? 0) &&
    current?.reason === "NewReplicaSetAvailable";
  if (finishedBefore) return conditions;
  const subject = newest
    ? `ReplicaSet "${newest.metadata?.name}"`
    : `Deployment "${deployment.metadata?.name}"`;
  const progressing = (status: "True" | "False", reason: string, what: string) =>
    newCondition("Progressing", status, reason, `${subject} ${what}`, nowMs);
  if (isComplete(deployment, next)) {
    const done = progressing("True", "NewReplicaSetAvailable", "has successfully progressed.");
    return withCondition(conditions, done);
  }
  if (hasProgressed(deployment.status ?? {}, next)) {
    const moved = progressing("True", "ReplicaSetUpdated", "is progressing.");
    const since = current?.status === "True" ? current.lastTransitionTime : undefined;
    return [
      ...withoutCondition(conditions, "Progressing"),
      since === undefined ? moved : { ...moved, lastTransitionTime: since },
    ];
  }
  if (hasTimedOut(deployment, next, nowMs)) {
    const late = progressing("False", "ProgressDeadlineExceeded", "has timed out progressing.");
    return withCondition(conditions, late);
  }
  return conditions;
}

/** Whether every wanted pod is of the newest template and available, and no other is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredReplicas(deployment);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

function hasProgressed(old: DeploymentStatus, next: DeploymentStatus): boolean {
  return (
    (next.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    outdated(next) < outdated(old) ||
    (next.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

function outdated(status: DeploymentStatus): number {
  return (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
}

function hasTimedOut(deployment: Deployment, next: DeploymentStatus, nowMs: number): boolean {
  const condition = findCondition(next.conditions ?? [], "Progressing");
  if (!condition || condition.reason === "NewReplicaSetAvailable") return false;
  if (condition.reason === "ProgressDeadlineExceeded") return true;
  return deadlineMs(deployment, condition) < nowMs;
}

/** How long until the Deployment counts as standing still; undefined where it cannot any more. */
export function msUntilDeadline(deployment: Deployment, nowMs: number): number | undefined {
  const condition = findCondition(deployment.status?.conditions ?? [], "Progressing");
  if (!condition || !hasProgressDeadline(deployment)) return undefined;
  if (condition.reason === "ProgressDeadlineExceeded") return undefined;
  return deadlineMs(deployment, condition) - nowMs;
}

function deadlineMs(deployment: Deployment, { lastUpdateTime }: DeploymentCondition): number {
  const seconds = deployment.spec?.progressDeadlineSeconds ?? 0;
  return (fromTime(lastUpdateTime) ?? 0) + seconds * 1000;
}

/** What keeps a ReplicaSet from creating or deleting pods; the newest one's word comes first. */
function replicaFailure(
  all: readonly ReplicaSet[],
  newest: ReplicaSet | undefined,
): DeploymentCondition | undefined {
  const ordered = newest ? [newest, ...activeReplicaSets(all)] : all;
  for (const { status } of ordered) {
    const found = status?.conditions?.find(({ type }) => type === "ReplicaFailure");
    if (found) return { ...found, lastUpdateTime: found.lastTransitionTime ?? "" };
  }
  return undefined;
}
