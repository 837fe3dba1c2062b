import { randomInt } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import type { Event, Pod } from "kubernetes-types/core/v1";
import type { Clock } from "../../../time/clock.ts";
import type { Client } from "../../client.ts";
import { referenceTo } from "../../events.ts";
import { RecentMap } from "../../recent-map.ts";
import { events, pods } from "../../resources.ts";
import { toMicroTime } from "../../timestamps.ts";

const failures = channel("kubelab:event-recorder:failure");
const component = "default-scheduler";
const fieldManager = "kube-scheduler";
const seriesEndsMs = 360_000;

interface Known {
  readonly name: string;
  readonly count: number;
  readonly lastMs: number;
}

/** The scheduler reports in the newer form of events: one time in microseconds, repetitions as a series. */
export class SchedulingEvents {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #instance: string;
  readonly #known = new RecentMap<string, Known>(4096);
  #written: Promise<void> = Promise.resolve();

  constructor(client: Client, clock: Clock, host: string) {
    this.#client = client;
    this.#clock = clock;
    this.#instance = `${component}-${host}`;
  }

  scheduled(pod: Pod, node: string): void {
    const { namespace, name } = pod.metadata ?? {};
    const message = `Successfully assigned ${namespace}/${name} to ${node}`;
    this.#record(pod, "Normal", "Scheduled", "Binding", message);
  }

  failed(pod: Pod, message: string): void {
    this.#record(pod, "Warning", "FailedScheduling", "Scheduling", message);
  }

  /** Resolves when everything reported so far is stored. */
  async flush(): Promise<void> {
    await this.#written;
  }

  #record(pod: Pod, type: string, reason: string, action: string, message: string): void {
    const now = this.#clock.now();
    const key = [pod.metadata?.uid, reason, message].join("\0");
    const known = this.#known.get(key);
    const { namespace = "default", name: podName = "" } = pod.metadata ?? {};
    if (known && now - known.lastMs < seriesEndsMs) {
      const count = known.count + 1;
      this.#known.set(key, { ...known, count, lastMs: now });
      const series = { count, lastObservedTime: toMicroTime(now) };
      this.#later(() =>
        this.#client.patch(
          events,
          { namespace, name: known.name },
          { type: "merge", body: { series } },
          { fieldManager },
        ),
      );
      return;
    }
    const stamp = BigInt(now) * 1_000_000n + BigInt(randomInt(1_000_000));
    const name = `${podName}.${stamp.toString(16)}`;
    this.#known.set(key, { name, count: 1, lastMs: now });
    const event = {
      metadata: { name, namespace },
      involvedObject: referenceTo(pods, pod),
      type,
      reason,
      action,
      message,
      eventTime: toMicroTime(now),
      reportingComponent: component,
      reportingInstance: this.#instance,
      source: {},
      // Kubernetes writes the fields of the older form as null.
      firstTimestamp: null as unknown as string,
      lastTimestamp: null as unknown as string,
    } satisfies Event;
    this.#later(() => this.#client.create(events, event, { fieldManager }));
  }

  #later(write: () => Promise<unknown>): void {
    this.#written = this.#writeAfter(this.#written, write);
  }

  async #writeAfter(before: Promise<void>, write: () => Promise<unknown>): Promise<void> {
    await before;
    try {
      await write();
    } catch (error) {
      failures.publish({ component, error });
    }
  }
}
