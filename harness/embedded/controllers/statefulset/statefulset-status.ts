import type { StatefulSet, StatefulSetStatus } from "kubernetes-types/apps/v1";
import type { Pod } from "kubernetes-types/core/v1";
import { podRevisionLabel } from "../revisions/controller-revisions.ts";
import { isAvailable, isReady } from "../objects/pod-state.ts";

/** The two revisions that matter, by name. */
export interface RevisionNames {
  readonly current: string;
  readonly update: string;
}

/** The status that fits these pods, of which `replaced` have just been told to make way for new ones. */
export function statefulSetStatus(
  set: StatefulSet,
  all: readonly Pod[],
  revisions: RevisionNames,
  replaced: number,
  nowMs: number,
): StatefulSetStatus {
  const existing = all.filter(({ metadata }) => !metadata?.deletionTimestamp);
  const ofRevision = (name: string): number =>
    existing.filter((pod) => isOfRevision(pod, name)).length;
  const minReadySeconds = minReadySecondsOf(set);
  // Kubernetes: a pod that is being stopped counts as ready until its node says otherwise.
  const running = all.filter((pod) => pod.status?.phase === "Running" && isReady(pod));
  const ready = running.length;
  const updated = ofRevision(revisions.update);
  const rolling = (set.spec?.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate";
  // Kubernetes: once there are as many pods as wanted, all of the new revision and ready, that is the current one.
  const wanted = set.spec?.replicas ?? 1;
  const finished = rolling && [updated, ready, all.length].every((count) => count === wanted);
  const current = finished ? revisions.update : revisions.current;
  return {
    observedGeneration: set.metadata?.generation ?? 0,
    replicas: all.length,
    ...positive({
      readyReplicas: ready,
      currentReplicas: ofRevision(current) - replaced,
      updatedReplicas: updated,
    }),
    availableReplicas: running.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length,
    currentRevision: current,
    updateRevision: revisions.update,
    collisionCount: set.status?.collisionCount ?? 0,
  };
}

/** How long a pod must be ready to count as available. */
export function minReadySecondsOf({ spec }: StatefulSet): number {
  return spec?.minReadySeconds ?? 0;
}

/** Whether the pod was made from the revision of this name. */
export function isOfRevision({ metadata }: Pod, name: string): boolean {
  return metadata?.labels?.[podRevisionLabel] === name;
}

function positive(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
