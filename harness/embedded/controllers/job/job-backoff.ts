import type { Pod } from "kubernetes-types/core/v1";
import { fromTime } from "../../timestamps.ts";
import { podCondition } from "../objects/pod-state.ts";

const firstMs = 10_000;
const longestMs = 600_000;

/** A Job's failures since its last success. */
export interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

/** The failures after these pods have ended, in the order of their ends. */
export function failuresAfter(
  before: Failures | undefined,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
): Failures | undefined {
  const lastSuccessMs = Math.max(...succeeded.map(endMs));
  const later = failed.map(endMs).filter((ms) => ms > lastSuccessMs);
  const kept = succeeded.length > 0 ? undefined : before;
  if (later.length === 0) return kept;
  return { count: (kept?.count ?? 0) + later.length, lastMs: Math.max(...later) };
}

/** Kubernetes: 10 s after a failure, twice as long after each further one in a row. */
export function msUntilRetry(failures: Failures | undefined, nowMs: number): number {
  if (!failures) return 0;
  const delayMs = Math.min(longestMs, firstMs * 2 ** (failures.count - 1));
  return Math.max(0, failures.lastMs + delayMs - nowMs);
}

/** When the pod ended: its last container, else when it stopped being ready, else when it was deleted. */
function endMs(pod: Pod): number {
  const statuses = pod.status?.containerStatuses ?? [];
  const ends = statuses.flatMap(({ state }) => fromTime(state?.terminated?.finishedAt) ?? []);
  if (ends.length > 0 && ends.length === statuses.length) return Math.max(...ends);
  const ready = podCondition(pod, "Ready");
  const unreadyMs = ready?.status === "False" ? fromTime(ready.lastTransitionTime) : undefined;
  if (unreadyMs !== undefined) return unreadyMs;
  const {
    deletionTimestamp,
    deletionGracePeriodSeconds = 0,
    creationTimestamp,
  } = pod.metadata ?? {};
  const deletedMs = fromTime(deletionTimestamp);
  if (deletedMs !== undefined) return deletedMs - deletionGracePeriodSeconds * 1000;
  return fromTime(creationTimestamp) ?? 0;
}
