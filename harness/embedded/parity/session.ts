import { Writable } from "node:stream";
import {
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  type KubernetesObject,
  PatchStrategy,
  type V1Deployment,
  Watch,
} from "@kubernetes/client-node";
import type { Clock } from "../../time/clock.ts";
import { type Trace, type TracedObject, tracedResources, type TraceLine } from "./trace.ts";

const paths = {
  deployments: "/apis/apps/v1",
  replicasets: "/apis/apps/v1",
  pods: "/api/v1",
  endpointslices: "/apis/discovery.k8s.io/v1",
  services: "/api/v1",
  events: "/api/v1",
} as const;

/** One scenario's namespace, used as kubectl would use it, while its watch streams are recorded. */
export class Session implements AsyncDisposable {
  readonly namespace: string;
  readonly #config = new KubeConfig();
  readonly #objects: KubernetesObjectApi;
  readonly #clock: Clock;
  readonly #watches: AbortController[] = [];
  #startMs = 0;
  readonly #trace: Record<keyof typeof paths, TraceLine[]> = {
    deployments: [],
    replicasets: [],
    pods: [],
    endpointslices: [],
    services: [],
    events: [],
  };

  constructor(kubeConfigPath: string, namespace: string, clock: Clock) {
    this.namespace = namespace;
    this.#clock = clock;
    this.#config.loadFromFile(kubeConfigPath);
    this.#objects = KubernetesObjectApi.makeApiClient(this.#config);
  }

  /** Since the recording began. */
  get elapsedMs(): number {
    return this.#clock.now() - this.#startMs;
  }

  /** What was recorded so far. */
  get trace(): Trace {
    return this.#trace;
  }

  /** Makes the namespace, waits until pods can be made in it, and starts to record. */
  async open(): Promise<void> {
    await this.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: this.namespace } });
    await this.eventually(() => this.read("v1", "ServiceAccount", "default"));
    this.#startMs = this.#clock.now();
    for (const resource of tracedResources) {
      const path = `${paths[resource]}/namespaces/${this.namespace}/${resource}`;
      const record = (type: string, object: TracedObject): void => {
        this.#trace[resource].push({ t_ms: this.elapsedMs, type, object });
      };
      // An end of the watch before the scenario's shows as lives that are cut short.
      this.#watches.push(await new Watch(this.#config).watch(path, {}, record, () => {}));
    }
  }

  async create(object: KubernetesObject): Promise<void> {
    await this.#objects.create(object);
  }

  async read<T extends KubernetesObject>(
    apiVersion: string,
    kind: string,
    name: string,
  ): Promise<T> {
    const metadata = { name, namespace: this.namespace };
    return this.#objects.read<T>({ apiVersion, kind, metadata });
  }

  /** Merges `body` into a Deployment as kubectl does. */
  async patchDeployment(name: string, body: object): Promise<void> {
    const metadata = { name, namespace: this.namespace };
    const patch = { apiVersion: "apps/v1", kind: "Deployment", metadata, ...body };
    const strategy = PatchStrategy.StrategicMergePatch;
    await this.#objects.patch(patch, undefined, undefined, undefined, undefined, strategy);
  }

  async replace(object: KubernetesObject): Promise<void> {
    await this.#objects.replace(object);
  }

  async deleteNamespace(): Promise<void> {
    const metadata = { name: this.namespace };
    await this.#objects.delete({ apiVersion: "v1", kind: "Namespace", metadata });
    await this.eventually(async () => {
      const left = await this.#objects
        .read({ apiVersion: "v1", kind: "Namespace", metadata })
        .catch(() => undefined);
      if (left) throw new Error(`namespace ${this.namespace} is still there`);
    });
  }

  /** Runs a command in a pod's first container; rejects where it fails. */
  async exec(pod: string, ...command: string[]): Promise<void> {
    const failed = await new Promise<string | undefined>((resolve, reject) => {
      const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
      new Exec(this.#config)
        .exec(this.namespace, pod, "", command, sink, sink, null, false, (status) =>
          resolve(status.status === "Success" ? undefined : (status.message ?? "failed")),
        )
        .catch(reject);
    });
    if (failed !== undefined) throw new Error(`${command.join(" ")} in ${pod}: ${failed}`);
  }

  /** The running pods, the oldest first. */
  pods(): string[] {
    const alive = new Set<string>();
    for (const { type, object } of this.#trace.pods) {
      const name = object.metadata?.name ?? "";
      if (type === "DELETED" || object.metadata?.deletionTimestamp) alive.delete(name);
      else alive.add(name);
    }
    return [...alive];
  }

  /** Rejects while a rollout of the Deployment neither finished nor gave up, or pods are missing. */
  async mustBeSettled(name: string): Promise<void> {
    const { metadata, spec, status } = await this.read<V1Deployment>("apps/v1", "Deployment", name);
    const reason = status?.conditions?.find(({ type }) => type === "Progressing")?.reason ?? "";
    const settled =
      status?.observedGeneration === metadata?.generation &&
      status?.availableReplicas === spec?.replicas &&
      ["NewReplicaSetAvailable", "ProgressDeadlineExceeded"].includes(reason);
    if (!settled)
      throw new Error(
        `Deployment ${name}: ${status?.availableReplicas ?? 0} of ${spec?.replicas} pods available, ${reason}`,
      );
  }

  /** Tries again every 50 ms, for 30 s. */
  async eventually<T>(attempt: () => Promise<T>): Promise<T> {
    const untilMs = this.#clock.now() + 30_000;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (this.#clock.now() > untilMs) throw error;
        await this.#clock.sleep(50);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watch of this.#watches.splice(0)) watch.abort();
  }
}
