import type { DaemonSet, DaemonSetStatus } from "kubernetes-types/apps/v1";
import type { Node, Pod } from "kubernetes-types/core/v1";
import { isAvailable, isReady } from "../objects/pod-state.ts";
import { podRevisionLabel } from "../revisions/controller-revisions.ts";
import { runsOn, targetNodeOf } from "./daemon-pod.ts";

/** The status that fits these nodes and pods. */
export function daemonSetStatus(
  set: DaemonSet,
  nodes: readonly Node[],
  owned: readonly Pod[],
  hash: string,
  nowMs: number,
): DaemonSetStatus {
  const oldestFirst = owned.toSorted((one, other) => (createdAt(one) < createdAt(other) ? -1 : 1));
  const podOn = (node: Node): Pod | undefined =>
    oldestFirst.find((pod) => targetNodeOf(pod) === node.metadata?.name);
  const wanted = nodes.filter((node) => runsOn(set, node));
  const placed = wanted.flatMap((node) => podOn(node) ?? []);
  const misplaced = nodes.filter((node) => !runsOn(set, node) && podOn(node)).length;
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const available = placed.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length;
  const updated = placed.filter(({ metadata }) => metadata?.labels?.[podRevisionLabel] === hash);
  return {
    currentNumberScheduled: placed.length,
    numberMisscheduled: misplaced,
    desiredNumberScheduled: wanted.length,
    numberReady: placed.filter(isReady).length,
    observedGeneration: set.metadata?.generation ?? 0,
    ...positive({
      updatedNumberScheduled: updated.length,
      numberAvailable: available,
      numberUnavailable: wanted.length - available,
    }),
  };
}

function createdAt({ metadata }: Pod): string {
  return metadata?.creationTimestamp ?? "";
}

function positive(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
