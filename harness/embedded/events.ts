import { randomInt } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import type { Event, ObjectReference } from "kubernetes-types/core/v1";
import type { Clock } from "../time/clock.ts";
import type { Client } from "./client.ts";
import { EventCorrelator, type Correlated } from "./event-correlator.ts";
import { apiVersionOf, type KubeObject, type Resource } from "./resource.ts";
import { events } from "./resources.ts";
import { isStatus } from "./status-error.ts";
import { toTime } from "./timestamps.ts";

const failures = channel("kubelab:event-recorder:failure");

export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  /** Who reports, for example "kubelet" or "replicaset-controller". */
  readonly component: string;
  /** The node's name, for a reporter that belongs to one. */
  readonly host?: string | undefined;
}

/** Where an event points: an object, or a part of one such as `spec.containers{web}`. */
export type EventTarget = Pick<
  ObjectReference,
  "apiVersion" | "kind" | "namespace" | "name" | "uid" | "resourceVersion" | "fieldPath"
>;

/** The reference to `object`; cached objects may lack kind and apiVersion, so the resource says them. */
export function referenceTo(
  resource: Resource,
  object: KubeObject,
  fieldPath?: string,
): EventTarget {
  const { namespace, name, uid, resourceVersion } = object.metadata ?? {};
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(fieldPath === undefined ? {} : { fieldPath }),
  };
}

/** Writes core/v1 events in the order they are reported, correlated as Kubernetes' own reporters do. Never throws. */
export class EventRecorder implements AsyncDisposable {
  readonly #options: EventRecorderOptions;
  readonly #correlator: EventCorrelator;
  #lastStamp = 0n;
  #written: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#correlator = new EventCorrelator(options.clock);
  }

  record(target: EventTarget, type: "Normal" | "Warning", reason: string, message: string): void {
    if (this.#stopped) return;
    const { component, host = "" } = this.#options;
    const correlated = this.#correlator.correlate(
      {
        source: `${component}/${host}`,
        object: `${target.apiVersion} ${target.kind} ${target.namespace} ${target.name} ${target.uid}`,
        fieldPath: target.fieldPath ?? "",
        type,
        reason,
        message,
      },
      `${target.name}.${this.#stamp()}`,
    );
    if (!correlated) return;
    const event = this.#toEvent(target, type, reason, correlated);
    this.#written = this.#written.then(() => this.#write(event, correlated));
  }

  /** Resolves when everything reported so far is stored. */
  async flush(): Promise<void> {
    await this.#written;
  }

  /** Takes no more reports and waits for those it has. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #toEvent(target: EventTarget, type: string, reason: string, correlated: Correlated): Event {
    const { component, host } = this.#options;
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: correlated.name, namespace: target.namespace ?? "default" },
      involvedObject: target,
      reason,
      message: correlated.message,
      source: host === undefined ? { component } : { component, host },
      firstTimestamp: toTime(correlated.firstMs),
      lastTimestamp: toTime(this.#options.clock.now()),
      count: correlated.count,
      type,
      // Kubernetes writes the field even where it has no value.
      eventTime: null as unknown as string,
      // Kubernetes: a combined event no longer names who reports it but as its source.
      reportingComponent: correlated.combined ? "" : component,
      reportingInstance: correlated.combined ? "" : (host ?? ""),
    };
  }

  async #write(event: Event, correlated: Correlated): Promise<void> {
    try {
      if (correlated.count > 1 && (await this.#countUp(event))) return;
      await this.#options.client.create(events, event);
    } catch (error) {
      // A namespace that is being deleted takes no new events; nobody waits for this one.
      failures.publish({ component: this.#options.component, event, error });
      this.#correlator.forget(correlated.key);
    }
  }

  async #countUp({ metadata, count, lastTimestamp, message }: Event): Promise<boolean> {
    const key = { namespace: metadata.namespace, name: metadata.name ?? "" };
    try {
      const body = { count, lastTimestamp, message };
      await this.#options.client.patch(events, key, { type: "merge", body });
      return true;
    } catch (error) {
      if (isStatus(error, "NotFound")) return false;
      throw error;
    }
  }

  /** The hexadecimal nanoseconds that end an event's name; never the same twice. */
  #stamp(): string {
    const now = BigInt(this.#options.clock.now()) * 1_000_000n + BigInt(randomInt(1_000_000));
    this.#lastStamp = now > this.#lastStamp ? now : this.#lastStamp + 1n;
    return this.#lastStamp.toString(16);
  }
}
