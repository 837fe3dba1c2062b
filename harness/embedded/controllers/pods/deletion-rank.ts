import type { Pod } from "kubernetes-types/core/v1";
import { fromTime } from "../../timestamps.ts";
import { isReady, podCondition } from "../objects/pod-state.ts";

const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";
const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

interface Ranked {
  readonly pod: Pod;
  readonly keys: readonly number[];
}

/**
 * The `count` pods that are missed least. Kubernetes: unscheduled, pending, not ready, cheap to delete, on a node with
 * many of the owner's pods, ready for a short time, often restarted, young; ages are compared by order of magnitude.
 */
export function podsToDelete(
  active: readonly Pod[],
  related: readonly Pod[],
  count: number,
  nowMs: number,
): Pod[] {
  if (count >= active.length) return [...active];
  const onNode = new Map<string, number>();
  for (const { spec } of related) {
    const node = spec?.nodeName ?? "";
    if (node !== "") onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  return active
    .map((pod) => ({ pod, keys: deletionKeys(pod, onNode, nowMs) }))
    .toSorted(compareRanked)
    .slice(0, count)
    .map(({ pod }) => pod);
}

/** Lower is deleted first, the first difference decides. */
function deletionKeys(pod: Pod, onNode: ReadonlyMap<string, number>, nowMs: number): number[] {
  const node = pod.spec?.nodeName ?? "";
  const ready = isReady(pod);
  return [
    node === "" ? 0 : 1,
    phaseRank[pod.status?.phase ?? "Unknown"] ?? 1,
    ready ? 1 : 0,
    Number(pod.metadata?.annotations?.[deletionCostAnnotation] ?? 0) || 0,
    -(onNode.get(node) ?? 0),
    ready ? magnitude(podCondition(pod, "Ready")?.lastTransitionTime, nowMs) : 0,
    -mostRestarts(pod, false),
    -mostRestarts(pod, true),
    magnitude(pod.metadata?.creationTimestamp, nowMs),
  ];
}

function compareRanked(one: Ranked, other: Ranked): number {
  for (const [index, key] of one.keys.entries()) {
    const difference = key - (other.keys[index] ?? 0);
    if (difference !== 0) return difference;
  }
  const [oneUid = "", otherUid = ""] = [one.pod.metadata?.uid, other.pod.metadata?.uid];
  return oneUid < otherUid ? -1 : 1;
}

/** The age in powers of two of nanoseconds; -1 for no age at all. */
function magnitude(time: string | undefined, nowMs: number): number {
  const ageMs = nowMs - (fromTime(time) ?? nowMs);
  return ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1;
}

function mostRestarts(pod: Pod, sidecars: boolean): number {
  const statuses = sidecars ? pod.status?.initContainerStatuses : pod.status?.containerStatuses;
  const restartable = new Set(
    (pod.spec?.initContainers ?? [])
      .filter((container) => container.restartPolicy === "Always")
      .map(({ name }) => name),
  );
  return Math.max(
    0,
    ...(statuses ?? [])
      .filter(({ name }) => !sidecars || restartable.has(name))
      .map(({ restartCount }) => restartCount),
  );
}
