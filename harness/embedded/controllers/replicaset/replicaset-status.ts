import { isDeepStrictEqual } from "node:util";
import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from "kubernetes-types/apps/v1";
import type { Pod } from "kubernetes-types/core/v1";
import { toTime } from "../../timestamps.ts";
import { isAvailable, isReady } from "../objects/pod-state.ts";
import { matchesLabels } from "../objects/selector.ts";

/** The published types are of a Kubernetes that did not count terminating pods yet. */
export type CountedReplicaSetStatus = ReplicaSetStatus & { terminatingReplicas?: number };

/** The status that fits these pods; `failure` is what kept the controller from creating or deleting pods. */
export function replicaSetStatus(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  terminating: readonly Pod[],
  failure: unknown,
  nowMs: number,
): CountedReplicaSetStatus {
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  const templateLabels = replicaSet.spec?.template?.metadata?.labels ?? {};
  const conditions = conditionsAfter(replicaSet, active.length, failure, nowMs);
  return {
    replicas: active.length,
    ...positive({
      fullyLabeledReplicas: active.filter((pod) =>
        matchesLabels(templateLabels, pod.metadata?.labels),
      ).length,
      readyReplicas: active.filter(isReady).length,
      availableReplicas: active.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length,
    }),
    terminatingReplicas: terminating.length,
    observedGeneration: replicaSet.metadata?.generation ?? 0,
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

/** Whether writing `next` would change anything. */
export function isSameStatus(replicaSet: ReplicaSet, next: CountedReplicaSetStatus): boolean {
  return isDeepStrictEqual({ ...replicaSet.status }, { ...next });
}

/** The API leaves out counts of zero. */
function positive(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function conditionsAfter(
  { spec, status }: ReplicaSet,
  active: number,
  failure: unknown,
  nowMs: number,
): ReplicaSetCondition[] {
  const conditions = status?.conditions ?? [];
  const known = conditions.some(({ type }) => type === "ReplicaFailure");
  if (failure === undefined) return conditions.filter(({ type }) => type !== "ReplicaFailure");
  if (known) return [...conditions];
  return [
    ...conditions,
    {
      type: "ReplicaFailure",
      status: "True",
      lastTransitionTime: toTime(nowMs),
      reason: active < (spec?.replicas ?? 0) ? "FailedCreate" : "FailedDelete",
      message: failure instanceof Error ? failure.message : JSON.stringify(failure),
    },
  ];
}
