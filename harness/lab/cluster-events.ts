import type { Event, Pod } from "kubernetes-types/core/v1";
import type { EndpointSlice } from "kubernetes-types/discovery/v1";
import type { Recording } from "../kube/recording.ts";
import type { ClusterEvent } from "../verdicts/outages.ts";
import type { RunContext } from "./run-context.ts";

type Recorded<T> = Pick<Recording<T>, "changes" | "listed">;

/** Notes from now on what happens to the lab's pods and endpoints, to lay beside a load's failures. */
export async function recordClusterEvents(
  context: RunContext,
): Promise<() => Promise<readonly ClusterEvent[]>> {
  const recordings = await Promise.all(
    context.spaces.map(async (space) => {
      const where = space === undefined ? {} : { space };
      const [pods, slices, events] = await Promise.all([
        context.kube.record("pods", where),
        context.kube.record("endpointslices", where),
        context.kube.record("events", where),
      ]);
      return { pods, slices, events };
    }),
  );
  return async () => {
    const all = recordings.flatMap(({ pods, slices, events }) => [pods, slices, events]);
    await Promise.all(all.map((recording) => recording.stop()));
    return recordings
      .flatMap(({ pods, slices, events }) => [
        ...podEvents(pods),
        ...endpointEvents(slices),
        ...killingEvents(events),
      ])
      .toSorted((a, b) => a.atMs - b.atMs);
  };
}

/** Pods that became ready or not, were deleted, were sent SIGTERM, or are gone. */
export function podEvents({ changes, listed }: Recorded<Pod>): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  const known = new Map<string, { readonly ready: boolean; readonly stopping: boolean }>();
  for (const [index, { type, object: pod, atMs }] of changes.entries()) {
    const object = `pod/${pod.metadata?.name}`;
    const before = known.get(object) ?? { ready: false, stopping: false };
    const stopping = pod.metadata?.deletionTimestamp !== undefined;
    const ready =
      pod.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;
    known.set(object, { ready, stopping });
    if (index < listed) continue;
    if (type === "DELETED") {
      known.delete(object);
      events.push({ atMs, kind: "pod-gone", object });
      continue;
    }
    if (before.ready !== ready)
      events.push({ atMs, kind: ready ? "pod-ready" : "pod-not-ready", object });
    if (before.stopping || !stopping) continue;
    events.push({ atMs, kind: "pod-deleted", object });
    const hookMs = hookBeforeSigtermMs(pod);
    if (hookMs !== undefined) events.push({ atMs: atMs + hookMs, kind: "sigterm", object });
  }
  return events;
}

/** How long after its deletion a pod's first container is sent SIGTERM; undefined where a hook's command decides. */
function hookBeforeSigtermMs({ spec }: Pod): number | undefined {
  // Kubernetes: a container's preStop hook runs before its SIGTERM, and no longer than the grace period.
  const hooks = (spec?.containers ?? []).map(({ lifecycle }) => lifecycle?.preStop);
  if (hooks.some((hook) => hook && !hook.sleep)) return undefined;
  const seconds = Math.min(...hooks.map((hook) => hook?.sleep?.seconds ?? 0));
  return Math.min(seconds, spec?.terminationGracePeriodSeconds ?? 30) * 1000;
}

/** Pods that began or ceased to be where a Service sends to. */
export function endpointEvents({ changes, listed }: Recorded<EndpointSlice>): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  const known = new Map<string, ReadonlySet<string>>();
  for (const [index, { type, object: slice, atMs }] of changes.entries()) {
    const name = slice.metadata?.name ?? "";
    const before = known.get(name) ?? new Set();
    const endpoints = type === "DELETED" ? [] : (slice.endpoints ?? []);
    const now = new Set(
      endpoints
        .filter((one) => one.conditions?.ready !== false)
        .map((one) => `pod/${one.targetRef?.name ?? one.addresses[0]}`),
    );
    known.set(name, now);
    if (index < listed) continue;
    for (const object of now.difference(before))
      events.push({ atMs, kind: "endpoint-added", object });
    for (const object of before.difference(now))
      events.push({ atMs, kind: "endpoint-removed", object });
  }
  return events;
}

/** Containers that the kubelet says it stops, for a deletion or a failed probe. */
export function killingEvents({ changes, listed }: Recorded<Event>): ClusterEvent[] {
  return changes
    .slice(listed)
    .filter(({ type, object }) => type !== "DELETED" && object.reason === "Killing")
    .map(({ atMs, object }) => ({
      atMs,
      kind: "killing",
      object: `pod/${object.involvedObject.name}`,
    }));
}
