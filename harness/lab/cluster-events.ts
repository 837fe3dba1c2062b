import type { EndpointSlice } from "kubernetes-types/discovery/v1";
import type { Pod } from "kubernetes-types/core/v1";
import type { ClusterEvent } from "../verdicts/outages.ts";
import type { RunContext } from "./run-context.ts";

/** What happens to pods and endpoints while a load runs, to lay beside its failures. */
export interface ClusterEventLog {
  readonly events: readonly ClusterEvent[];
  stop(): Promise<void>;
}

/** Starts noting pods that become ready or are told to stop, and endpoints that come and go. */
export function logClusterEvents(context: RunContext, space: string | undefined): ClusterEventLog {
  const events: ClusterEvent[] = [];
  const stop = new AbortController();
  const note = (kind: string, object: string) =>
    void events.push({ atMs: context.clock.now(), kind, object });
  const options = { signal: stop.signal, ...(space === undefined ? {} : { space }) };
  const watching = Promise.allSettled([
    notePods(context.kube.watch("pods", options), note),
    noteEndpoints(context.kube.watch("endpointslices", options), note),
  ]);
  return {
    events,
    async stop() {
      stop.abort();
      await watching;
    },
  };
}

type Note = (kind: string, object: string) => void;

async function notePods(
  changes: AsyncIterable<{ readonly type: string; readonly object: Pod }>,
  note: Note,
): Promise<void> {
  const known = new Map<string, { readonly ready: boolean; readonly stopping: boolean }>();
  for await (const { type, object } of changes) {
    const name = `pod/${object.metadata?.name}`;
    const before = known.get(name);
    if (type === "DELETED") {
      known.delete(name);
      note("pod-gone", name);
      continue;
    }
    const ready = object.status?.conditions?.some(
      (one) => one.type === "Ready" && one.status === "True",
    );
    const now = {
      ready: ready === true,
      stopping: object.metadata?.deletionTimestamp !== undefined,
    };
    known.set(name, now);
    if (before && before.ready !== now.ready) note(now.ready ? "pod-ready" : "pod-not-ready", name);
    if (before && !before.stopping && now.stopping) note("sigterm", name);
  }
}

async function noteEndpoints(
  changes: AsyncIterable<{ readonly type: string; readonly object: EndpointSlice }>,
  note: Note,
): Promise<void> {
  const known = new Map<string, ReadonlySet<string>>();
  for await (const { type, object } of changes) {
    const name = object.metadata?.name ?? "";
    const before = known.get(name);
    const serving =
      type === "DELETED" ? [] : object.endpoints.filter((one) => one.conditions?.ready !== false);
    const now = new Set(serving.map((one) => `pod/${one.targetRef?.name ?? one.addresses[0]}`));
    known.set(name, now);
    if (!before) continue;
    for (const pod of now) if (!before.has(pod)) note("endpoint-added", pod);
    for (const pod of before) if (!now.has(pod)) note("endpoint-removed", pod);
  }
}
