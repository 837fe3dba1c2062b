import type { Pod, Service } from "kubernetes-types/core/v1";
import { toTime, fromTime } from "../../timestamps.ts";
import { podCondition } from "../objects/pod-state.ts";

/** When the change happened that an endpoints object answers; monitors measure the delay by it. */
export const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

interface Seen {
  readonly pods: ReadonlyMap<string, number>;
  readonly service: number;
}

/** Remembers, for each Service, the times it has seen, and tells the earliest new one. */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** The earliest change since the last call; the Service's creation the first time, undefined where nothing is new. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key);
    const created = fromTime(service.metadata?.creationTimestamp) ?? 0;
    const times = new Map<string, number>();
    let earliest = created > (before?.service ?? 0) ? created : Infinity;
    for (const pod of pods) {
      const changed = fromTime(podCondition(pod, "Ready")?.lastTransitionTime);
      if (changed === undefined) continue;
      const name = pod.metadata?.name ?? "";
      times.set(name, changed);
      if (changed > (before?.pods.get(name) ?? 0)) earliest = Math.min(earliest, changed);
    }
    this.#seen.set(key, { pods: times, service: created });
    if (!before) return toTime(created);
    return earliest === Infinity ? undefined : toTime(earliest);
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}
