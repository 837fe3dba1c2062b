import type { Event as CoreEvent, Pod } from "kubernetes-types/core/v1";
import { LabError } from "../errors/lab-error.ts";
import { type Clock, systemClock } from "../time/clock.ts";
import { mustBecomeReady } from "./await-ready.ts";
import type { Readiness } from "./readiness.ts";
import { isNotFound } from "./api-error.ts";
import { createKubeApi, type KubeApi } from "./connection.ts";
import { describeByKubectl } from "./describe.ts";
import { type ExecOptions, type ExecResult, runExec, type RunningExec, startExec } from "./exec.ts";
import { createKindIndex, type KindIndex, pathOf } from "./kinds.ts";
import type { KubeList, KubeObject, ObjectOf } from "./object.ts";
import { podCounts, type PodRecording, type Recording, startRecording } from "./recording.ts";
import { restartPatch, type Revision, revisionsOf, undoPatch } from "./rollout.ts";
import { parseTarget, type Target } from "./target.ts";
import { type WatchEvent, watchObjects } from "./watch.ts";
import type { KubeConfig } from "@kubernetes/client-node";

export interface SelectOptions {
  /** `app=logic,version=v1` */
  readonly labels?: string;
  /** `status.phase=Running` */
  readonly fields?: string;
  /** Another namespace of the lab. */
  readonly space?: string;
}

export interface LogOptions {
  readonly container?: string;
  /** The log of the container's run before the current one. @default false */
  readonly previous?: boolean;
  /** Only the last lines. */
  readonly tail?: number;
}

export interface KubeOptions {
  readonly kubeConfig: KubeConfig;
  /** Where objects without a space are. */
  readonly namespace: string;
  readonly signal: AbortSignal;
  /** Told what a person would type for the change that is about to be made. */
  readonly onCommand?: (command: string) => void;
  readonly onProgress?: (text: string) => void;
  /** @default systemClock */
  readonly clock?: Clock;
}

type Named<Kind extends string> = `${Kind}/${string}`;

/** A lab's hands on its cluster: kubectl's verbs, with typed answers, in the lab's own namespaces. */
export class Kube {
  readonly api: KubeApi;
  readonly kinds: KindIndex;
  readonly namespace: string;
  readonly #options: KubeOptions;

  constructor(options: KubeOptions) {
    this.api = createKubeApi(options.kubeConfig);
    this.kinds = createKindIndex(this.api);
    this.namespace = options.namespace;
    this.#options = options;
  }

  /** One object: `get("deployment/logic")`. */
  async get<Kind extends string>(target: Named<Kind>): Promise<ObjectOf<Kind>> {
    return this.#request<ObjectOf<Kind>>("GET", await this.#path(parseTarget(target)));
  }

  /** The object, or undefined where it is not there. */
  async find(target: string): Promise<KubeObject | undefined> {
    try {
      return await this.#request<KubeObject>("GET", await this.#path(parseTarget(target)));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Whether the object is there. */
  async exists(target: string): Promise<boolean> {
    return (await this.find(target)) !== undefined;
  }

  /** All objects of a kind: `list("pods", { labels: "app=logic" })`. */
  async list<Kind extends string>(
    kind: Kind,
    options: SelectOptions = {},
  ): Promise<readonly ObjectOf<Kind>[]> {
    const query = { labelSelector: options.labels, fieldSelector: options.fields };
    const path = await this.#collection(kind, options.space);
    return (await this.#request<KubeList<ObjectOf<Kind>>>("GET", path, { query })).items;
  }

  /** What is there and then each change, until the lab ends. */
  async *watch<Kind extends string>(
    kind: Kind,
    options: SelectOptions & { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<WatchEvent<ObjectOf<Kind>>> {
    const { signal } = this.#options;
    yield* watchObjects<KubeObject>(this.api, {
      path: await this.#collection(kind, options.space),
      ...(options.labels === undefined ? {} : { labelSelector: options.labels }),
      ...(options.fields === undefined ? {} : { fieldSelector: options.fields }),
      signal: options.signal ? AbortSignal.any([signal, options.signal]) : signal,
    }) as AsyncGenerator<WatchEvent<ObjectOf<Kind>>>;
  }

  /** Notes every change of a kind's objects from now on: `await using events = await kube.record("events")`. */
  async record<Kind extends string>(
    kind: Kind,
    options: SelectOptions = {},
  ): Promise<Recording<ObjectOf<Kind>>> {
    return this.#record<ObjectOf<Kind>>(kind, options);
  }

  /** Notes every change of a workload's pods from now on, and how many there are at each moment. */
  async recordPods(target: string): Promise<PodRecording> {
    const { name, space } = parseTarget(target);
    const object = await this.#request<KubeObject>("GET", await this.#path(parseTarget(target)));
    const labels = object.kind === "Pod" ? undefined : mustSelect(object, target);
    const select = labels === undefined ? { fields: `metadata.name=${name}` } : { labels };
    const recording = await this.#record<Pod>("pods", {
      ...select,
      ...(space === undefined ? {} : { space }),
    });
    const { changes, listed } = recording;
    return {
      ...recording,
      get most() {
        return podCounts(changes, listed).most;
      },
      get fewestReady() {
        return podCounts(changes, listed).fewestReady;
      },
    };
  }

  /** The pods that a workload's selector chooses, or a pod itself. */
  async pods(target: string): Promise<readonly Pod[]> {
    const { space } = parseTarget(target);
    const object = await this.#request<KubeObject>("GET", await this.#path(parseTarget(target)));
    if (object.kind === "Pod") return [object as Pod];
    const labels = mustSelect(object, target);
    return this.list("pods", { labels, ...(space === undefined ? {} : { space }) });
  }

  /** Deletes an object; resolves when it is gone. */
  async delete(
    target: string,
    options: { readonly graceSeconds?: number; readonly wait?: boolean } = {},
  ): Promise<void> {
    this.#told(`delete ${target}`);
    const path = await this.#path(parseTarget(target));
    const body = {
      propagationPolicy: "Background",
      ...(options.graceSeconds === undefined ? {} : { gracePeriodSeconds: options.graceSeconds }),
    };
    await this.#request("DELETE", path, { body });
    const { clock = systemClock, signal } = this.#options;
    while (options.wait !== false && (await this.#isThere(path))) await clock.sleep(100, signal);
  }

  /** Changes fields of an object by a merge patch: `null` removes one. */
  async patch(target: string, patch: object): Promise<KubeObject> {
    this.#told(`patch ${target} --type merge -p '${JSON.stringify(patch)}'`);
    return this.#merge(target, patch);
  }

  /** Sets labels; `null` removes one. `label("namespace", …)` means the lab's own namespace. */
  async label(target: string, labels: Readonly<Record<string, string | null>>): Promise<void> {
    const object = target === "namespace" ? `namespace/${this.namespace}` : target;
    const words = Object.entries(labels).map(([key, value]) =>
      value === null ? `${key}-` : `${key}=${value}`,
    );
    this.#told(`label ${object} ${words.join(" ")}`);
    await this.#merge(object, { metadata: { labels } });
  }

  /** Sets the number of replicas. */
  async scale(target: string, replicas: number): Promise<void> {
    this.#told(`scale ${target} --replicas=${replicas}`);
    const path = `${await this.#path(parseTarget(target))}/scale`;
    await this.#request("PATCH", path, {
      contentType: "application/merge-patch+json",
      body: { spec: { replicas } },
    });
  }

  /** Changes the image of one container of a workload. */
  async setImage(target: string, container: string, image: string): Promise<void> {
    this.#told(`set image ${target} ${container}=${image}`);
    await this.#strategic(target, {
      spec: { template: { spec: { containers: [{ name: container, image }] } } },
    });
  }

  /** Changes environment variables of one container of a workload. */
  async setEnv(
    target: string,
    container: string,
    env: Readonly<Record<string, string>>,
  ): Promise<void> {
    const list = Object.entries(env).map(([name, value]) => ({ name, value }));
    this.#told(`set env ${target} ${list.map(({ name, value }) => `${name}=${value}`).join(" ")}`);
    await this.#strategic(target, {
      spec: { template: { spec: { containers: [{ name: container, env: list }] } } },
    });
  }

  /** Replaces a workload's pods without changing them. */
  async restart(target: string): Promise<void> {
    this.#told(`rollout restart ${target}`);
    await this.#strategic(
      target,
      restartPatch(new Date((this.#options.clock ?? systemClock).now())),
    );
  }

  /** Puts a Deployment back to the revision before, or to the one named. */
  async undo(target: string, options: { readonly toRevision?: number } = {}): Promise<void> {
    const to = options.toRevision;
    this.#told(`rollout undo ${target}${to === undefined ? "" : ` --to-revision=${to}`}`);
    const path = await this.#path(parseTarget(target));
    const deployment = await this.#request<KubeObject>("GET", path);
    const body = undoPatch(deployment, await this.history(target), to);
    await this.#request("PATCH", path, { contentType: "application/json-patch+json", body });
  }

  /** A Deployment's revisions, oldest first. */
  async history(target: string): Promise<readonly Revision[]> {
    const { space } = parseTarget(target);
    const deployment = await this.#request<KubeObject>(
      "GET",
      await this.#path(parseTarget(target)),
    );
    const sets = await this.list("replicasets", space === undefined ? {} : { space });
    return revisionsOf(deployment, sets as readonly KubeObject[]);
  }

  /** Runs a program in a container of a pod (of a workload: of its first running pod) to its end. */
  async exec(
    target: string,
    command: readonly string[],
    options: Pick<ExecOptions, "container" | "stdin"> = {},
  ): Promise<ExecResult> {
    this.#told(`exec ${target} -- ${command.join(" ")}`);
    const pod = await this.#onePod(target);
    return runExec(this.api.kubeConfig, {
      ...pod,
      ...options,
      command,
      signal: this.#options.signal,
    });
  }

  /** Starts a program in a container and hands over its output as it comes. */
  startExec(options: Omit<ExecOptions, "namespace"> & { space?: string }): Promise<RunningExec> {
    const namespace = this.namespaceOf(options.space);
    return startExec(this.api.kubeConfig, { signal: this.#options.signal, ...options, namespace });
  }

  /** What `kubectl describe` prints; undefined, and told, where this machine has no kubectl. */
  async describe(target: string): Promise<string | undefined> {
    this.#told(`describe ${target}`);
    const { kind, name, space } = parseTarget(target);
    const { signal, onProgress } = this.#options;
    const namespace = this.namespaceOf(space);
    const { kubeConfig } = this.api;
    const text = await describeByKubectl({ kubeConfig, namespace, kind, name, signal });
    if (text === undefined) onProgress?.("this machine has no kubectl: what it prints is not seen");
    return text;
  }

  /** The log of a pod's container (of a workload: of its first running pod). */
  async logs(target: string, options: LogOptions = {}): Promise<string> {
    const { namespace, pod } = await this.#onePod(target);
    return this.api.text(`/api/v1/namespaces/${namespace}/pods/${pod}/log`, {
      query: { container: options.container, previous: options.previous, tailLines: options.tail },
      signal: this.#options.signal,
    });
  }

  /** Events, oldest first: of one object, or of the whole namespace. */
  async events(target?: string): Promise<readonly CoreEvent[]> {
    const parsed = target === undefined ? undefined : parseTarget(target);
    const all = await this.list(
      "events",
      parsed?.space === undefined ? {} : { space: parsed.space },
    );
    const kind = parsed ? (await this.kinds.byName(parsed.kind)).kind : undefined;
    const wanted = (event: CoreEvent) =>
      !parsed || (event.involvedObject.name === parsed.name && event.involvedObject.kind === kind);
    return all.filter(wanted).toSorted((a, b) => timeOf(a) - timeOf(b));
  }

  /** Waits until every object named is ready. */
  async ready(
    targets: readonly string[],
    options: { readonly timeoutMs?: number } = {},
  ): Promise<void> {
    await Promise.all(targets.map((target) => this.#oneReady(target, options.timeoutMs)));
  }

  /** The full name of one of the lab's namespaces. */
  namespaceOf(space?: string): string {
    return space === undefined ? this.namespace : `${this.namespace}-${space}`;
  }

  async #record<T>(kind: string, { labels, fields, space }: SelectOptions) {
    const path = await this.#collection(kind, space);
    const { clock = systemClock } = this.#options;
    return startRecording<T>({
      clock,
      watch: (signal, onListed) =>
        watchObjects<KubeObject>(this.api, {
          path,
          ...(labels === undefined ? {} : { labelSelector: labels }),
          ...(fields === undefined ? {} : { fieldSelector: fields }),
          signal: AbortSignal.any([this.#options.signal, signal]),
          onListed,
        }) as AsyncGenerator<WatchEvent<T & KubeObject>>,
    });
  }

  async #oneReady(target: string, timeoutMs: number | undefined): Promise<void> {
    const parsed = parseTarget(target);
    const { kind } = await this.kinds.byName(parsed.kind);
    const namespace = this.namespaceOf(parsed.space);
    const { signal, clock, onProgress } = this.#options;
    const path = await this.#path(parsed);
    await mustBecomeReady({
      subject: `${kind} ${namespace}/${parsed.name}`,
      read: () => this.#request<KubeObject>("GET", path),
      ...(kind === "Service"
        ? { judge: (service) => this.#judgeService(service, parsed.space) }
        : {}),
      readPods: (object) => this.#podsBehind(object, parsed.space),
      readWarning: (object) => this.#lastWarning(object, parsed.space),
      signal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(onProgress ? { onProgress } : {}),
      ...(clock ? { clock } : {}),
    });
  }

  async #podsBehind(object: KubeObject, space: string | undefined): Promise<readonly KubeObject[]> {
    const labels =
      object.kind === "Pod" || object.kind === "Service" ? undefined : selectorOf(object);
    if (labels === undefined) return [];
    const pods = await this.list("pods", { labels, ...(space === undefined ? {} : { space }) });
    return pods as readonly KubeObject[];
  }

  /** What the cluster warned of last about an object or one of its pods. */
  async #lastWarning(object: KubeObject, space: string | undefined): Promise<string | undefined> {
    const pods = await this.#podsBehind(object, space);
    const names = new Set([object, ...pods].map(({ metadata }) => metadata?.name));
    const events = await this.list("events", space === undefined ? {} : { space });
    return events
      .filter((event) => event.type === "Warning" && names.has(event.involvedObject.name))
      .toSorted((a, b) => timeOf(a) - timeOf(b))
      .at(-1)?.message;
  }

  /** A Service that selects pods is ready when one of them can be reached through it. */
  async #judgeService(service: KubeObject, space: string | undefined): Promise<Readiness> {
    const name = service.metadata?.name ?? "";
    const labels = `kubernetes.io/service-name=${name}`;
    const slices = await this.list("endpointslices", {
      labels,
      ...(space === undefined ? {} : { space }),
    });
    const ends = slices.flatMap((slice) => slice.endpoints ?? []);
    const ready = ends.filter((one) => one.conditions?.ready !== false).length;
    const selects = service.spec?.["selector"] !== undefined;
    if (!selects || ready > 0) return { state: "ready", progress: `${ready} endpoints ready` };
    const selector = selectorOf(service);
    const last = ends.length === 0 ? `no pod matches its selector ${selector}` : "no pod is ready";
    return { state: "waiting", progress: `0 of ${ends.length} endpoints ready`, last };
  }

  async #onePod(target: string): Promise<{ namespace: string; pod: string }> {
    const { kind, name, space } = parseTarget(target);
    const namespace = this.namespaceOf(space);
    if (/^(pods?|po)$/i.test(kind)) return { namespace, pod: name };
    const pods = (await this.pods(target)).filter(
      (pod) => pod.metadata?.deletionTimestamp === undefined,
    );
    const pod = pods.find((one) => one.status?.phase === "Running") ?? pods[0];
    if (!pod?.metadata?.name)
      throw new LabError("LAB_WAIT_TIMEOUT", `${kind} ${namespace}/${name} has no pod`, {
        facts: { object: target, expected: "a pod", received: "none" },
      });
    return { namespace, pod: pod.metadata.name };
  }

  async #merge(target: string, body: object): Promise<KubeObject> {
    const contentType = "application/merge-patch+json";
    return this.#request("PATCH", await this.#path(parseTarget(target)), { contentType, body });
  }

  async #strategic(target: string, body: object): Promise<void> {
    const contentType = "application/strategic-merge-patch+json";
    await this.#request("PATCH", await this.#path(parseTarget(target)), { contentType, body });
  }

  async #isThere(path: string): Promise<boolean> {
    try {
      await this.#request("GET", path);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #path({ kind, name, space }: Target): Promise<string> {
    return pathOf(await this.kinds.byName(kind), this.namespaceOf(space), name);
  }

  async #collection(kind: string, space: string | undefined): Promise<string> {
    return pathOf(await this.kinds.byName(kind), this.namespaceOf(space));
  }

  #request<T>(...[method, path, options]: Parameters<KubeApi["request"]>): Promise<T> {
    return this.api.request<T>(method, path, { signal: this.#options.signal, ...options });
  }

  #told(command: string): void {
    this.#options.onCommand?.(`kubectl ${command}`);
  }
}

/** The selector of a workload or Service, as kubectl's `-l` takes it. */
function mustSelect(object: KubeObject, target: string): string {
  const labels = selectorOf(object);
  if (labels !== undefined) return labels;
  throw new LabError("LAB_USAGE", `${target} selects no pods`, {
    facts: { expected: "a workload or Service with a selector", received: target },
  });
}

function selectorOf(object: KubeObject): string | undefined {
  const selector = object.spec?.["selector"] as
    | { matchLabels?: Record<string, string>; matchExpressions?: unknown[] }
    | Record<string, string>
    | undefined;
  if (selector === undefined) return undefined;
  const labels = object.kind === "Service" ? selector : selector.matchLabels;
  return Object.entries((labels ?? {}) as Record<string, string>)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function timeOf(event: CoreEvent): number {
  const time = event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
  return time ? Date.parse(time) : 0;
}
