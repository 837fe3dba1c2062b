import type { Pod } from "kubernetes-types/core/v1";
import { SteppedClock } from "../../time/stepped-clock.ts";
import { createApiServer } from "../apiserver/api-server.ts";
import type { Client } from "../client.ts";
import type { KubeObject, Resource } from "../resource.ts";
import { events, namespaces, nodes, pods } from "../resources.ts";
import { toTime } from "../timestamps.ts";
import { startControllers } from "./start-controllers.ts";

/** An API server with all controllers and one node, on a clock that the test steps. Nobody runs the pods but the test. */
export class TestCluster implements AsyncDisposable {
  readonly client: Client;
  readonly clock: SteppedClock;
  readonly #stopping = new AbortController();
  readonly #started: Promise<AsyncDisposable>;
  #addresses = 0;

  private constructor(clock: SteppedClock) {
    this.clock = clock;
    const { client, resources } = createApiServer({ clock });
    this.client = client;
    this.#started = startControllers({
      client,
      resources,
      clock,
      signal: this.#stopping.signal,
      caCertificate: "PEM",
    });
  }

  static async start(): Promise<TestCluster> {
    const cluster = new TestCluster(new SteppedClock(Date.parse("2026-01-01T00:00:00Z")));
    await cluster.client.create(nodes, {
      metadata: { name: "node", labels: { "kubernetes.io/hostname": "node" } },
      status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110" } },
    });
    await cluster.#started;
    await cluster.settle();
    return cluster;
  }

  /** Makes the namespace and lets the controllers furnish it. */
  async namespace(name: string): Promise<void> {
    await this.client.create(namespaces, { metadata: { name } });
    await this.settle();
  }

  /** Lets everything happen that needs no time beyond the retries of a conflict. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn++) await this.clock.advance(5);
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.settle();
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
  ): Promise<readonly T[]> {
    return (await this.client.list(resource, { namespace })).items;
  }

  /** The pods' names, sorted. */
  async podNames(namespace: string): Promise<string[]> {
    return (await this.list(pods, namespace))
      .map(({ metadata }) => metadata?.name ?? "")
      .toSorted();
  }

  /** "type reason message" of every event on an object of this kind, oldest first. */
  async events(namespace: string, kind: string): Promise<string[]> {
    return (await this.list(events, namespace))
      .filter(({ involvedObject }) => involvedObject.kind === kind)
      .toSorted((one, other) => versionOf(one) - versionOf(other))
      .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
  }

  /** Writes the pod's status as a node would. */
  async report(
    pod: Pod,
    options: { readonly ready: boolean; readonly phase?: string },
  ): Promise<void> {
    const { namespace, name = "" } = pod.metadata ?? {};
    const current = await this.client.get(pods, { namespace, name });
    const podIP = current.status?.podIP ?? `10.244.0.${++this.#addresses}`;
    const time = toTime(this.clock.now());
    const status = {
      ...current.status,
      phase: options.phase ?? "Running",
      podIP,
      podIPs: [{ ip: podIP }],
      conditions: [
        ...(current.status?.conditions ?? []).filter(({ type }) => type !== "Ready"),
        { type: "Ready", status: options.ready ? "True" : "False", lastTransitionTime: time },
      ],
    };
    await this.client.update(pods, { ...current, status }, { subresource: "status" });
  }

  /** Makes every pod that is not being deleted ready, and lets those go that are. */
  async runPods(namespace: string): Promise<void> {
    for (const pod of await this.list(pods, namespace)) {
      const ready = pod.status?.conditions?.some(
        ({ type, status }) => type === "Ready" && status === "True",
      );
      if (pod.metadata?.deletionTimestamp) await this.removePod(pod);
      else if (!ready && pod.spec?.nodeName) await this.report(pod, { ready: true });
    }
    await this.settle();
  }

  /** The node has stopped the pod. */
  async removePod({ metadata }: Pod): Promise<void> {
    const key = { namespace: metadata?.namespace, name: metadata?.name ?? "" };
    await this.client.delete(pods, key, { gracePeriodSeconds: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const started = await this.#started;
    const stopped = started[Symbol.asyncDispose]();
    await this.settle();
    await stopped;
    this.#stopping.abort();
  }
}

function versionOf({ metadata }: KubeObject): number {
  return Number(metadata?.resourceVersion ?? 0);
}
