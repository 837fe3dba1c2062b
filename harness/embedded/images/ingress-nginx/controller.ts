import type { Secret, Service } from "kubernetes-types/core/v1";
import type { EndpointSlice } from "kubernetes-types/discovery/v1";
import type { Ingress, IngressClass } from "kubernetes-types/networking/v1";
import type { Clock } from "../../../time/clock.ts";
import type { Client } from "../../client.ts";
import { EventRecorder, referenceTo } from "../../events.ts";
import { createInformer, type Informer } from "../../informer.ts";
import type { KubeObject, Resource } from "../../resource.ts";
import { endpointSlices, ingressClasses, ingresses, secrets, services } from "../../resources.ts";
import { buildRouting } from "./build-routing.ts";
import type { IngressProxy } from "./handle-request.ts";
import type { Problem, Routing } from "./routing.ts";

/** How often the workers ask for backends (balancer.lua BACKENDS_SYNC_INTERVAL). */
const workerPollMs = 1000;

export interface ControllerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly proxy: IngressProxy;
  readonly signal: AbortSignal;
  /** The value of an IngressClass's spec.controller that is ours. */
  readonly controllerClass: string;
  /** The value of the old annotation kubernetes.io/ingress.class that is ours. */
  readonly ingressClass: string;
  /** Also take Ingresses that name no class. */
  readonly watchWithoutClass: boolean;
  /** Syncs a second, at most. */
  readonly syncRateLimit: number;
  readonly log: (message: string) => void;
}

/** Follows the cluster's objects and gives the proxy what they come to. */
export class IngressController implements AsyncDisposable {
  readonly #options: ControllerOptions;
  readonly #events: EventRecorder;
  readonly #ingresses: Informer<Ingress>;
  readonly #classes: Informer<IngressClass>;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #secrets: Informer<Secret>;
  readonly #told = new Set<string>();
  readonly #startedMs: number;
  #lastSyncMs = Number.NEGATIVE_INFINITY;
  #cancelSync: (() => void) | undefined;
  #cancelPoll: (() => void) | undefined;
  #applied = "";
  #appliedBackends = "";

  private constructor(options: ControllerOptions) {
    const { client, clock, signal, log } = options;
    this.#options = options;
    this.#startedMs = clock.now();
    this.#events = new EventRecorder({ client, clock, component: "nginx-ingress-controller" });
    const follow = <T extends KubeObject>(resource: Resource<T>): Informer<T> =>
      createInformer(client, resource, {
        signal,
        clock,
        onError: (error) => log(`cannot follow ${resource.plural}: ${(error as Error).message}`),
      });
    this.#ingresses = follow(ingresses);
    this.#classes = follow(ingressClasses);
    this.#services = follow(services);
    this.#slices = follow(endpointSlices);
    this.#secrets = follow(secrets);
  }

  /** Resolves once the first routing is in force. */
  static async start(options: ControllerOptions): Promise<IngressController> {
    const controller = new IngressController(options);
    const informers = [
      controller.#ingresses,
      controller.#classes,
      controller.#services,
      controller.#slices,
      controller.#secrets,
    ];
    await Promise.all(informers.map(({ synced }) => synced));
    controller.#sync();
    controller.#ingresses.on({
      added: (ingress) => controller.#scheduled(ingress),
      updated: (ingress) => controller.#scheduled(ingress),
    });
    const changed = (): void => controller.#soon();
    for (const informer of informers)
      informer.on({ added: changed, updated: changed, deleted: changed });
    return controller;
  }

  /** The Ingresses of this controller's class. */
  ours(): readonly Ingress[] {
    const classes = new Set(
      this.#classes
        .list()
        .filter(({ spec }) => spec?.controller === this.#options.controllerClass)
        .map(({ metadata }) => metadata?.name),
    );
    return this.#ingresses.list().filter((ingress) => {
      const name = ingress.spec?.ingressClassName;
      if (name !== undefined) return classes.has(name);
      const old = ingress.metadata?.annotations?.["kubernetes.io/ingress.class"];
      return old === undefined
        ? this.#options.watchWithoutClass
        : old === this.#options.ingressClass;
    });
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#services.get({ namespace, name });
  }

  async stop(): Promise<void> {
    this.#cancelSync?.();
    this.#cancelPoll?.();
    await this.#events.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Waits until the rate limit allows the next sync. */
  #soon(): void {
    if (this.#cancelSync) return;
    const { clock, syncRateLimit } = this.#options;
    const dueMs = this.#lastSyncMs + 1000 / syncRateLimit;
    this.#cancelSync = clock.after(Math.max(0, dueMs - clock.now()), () => {
      this.#cancelSync = undefined;
      this.#sync();
    });
  }

  #sync(): void {
    const { clock, proxy, log } = this.#options;
    this.#lastSyncMs = clock.now();
    const routing = this.#read();
    this.#tell(routing.problems);
    const servers = JSON.stringify([...routing.hosts]);
    const backends = JSON.stringify([...routing.backends]);
    if (servers !== this.#applied) {
      log("configuration changes detected, backend reload required");
      this.#cancelPoll?.();
      this.#cancelPoll = undefined;
      this.#applied = servers;
      this.#appliedBackends = backends;
      proxy.use(routing, "reload");
    } else if (backends !== this.#appliedBackends) {
      // Endpoints and weights need no reload: the workers fetch them when they next ask.
      this.#appliedBackends = backends;
      this.#cancelPoll?.();
      const sinceMs = (clock.now() - this.#startedMs) % workerPollMs;
      this.#cancelPoll = clock.after(workerPollMs - sinceMs, () => proxy.use(routing, "backends"));
    }
  }

  #read(): Routing {
    return buildRouting({
      ingresses: this.ours(),
      service: (namespace, name) => this.service(namespace, name),
      slices: (namespace, service) =>
        this.#slices
          .list(namespace)
          .filter(({ metadata }) => metadata?.labels?.["kubernetes.io/service-name"] === service),
      secret: (namespace, name) => this.#secrets.get({ namespace, name }),
    });
  }

  /** Says each problem once: in the log and as an event of its Ingress. */
  #tell(problems: readonly Problem[]): void {
    const now = new Set<string>();
    for (const { ingress, message } of problems) {
      const [namespace = "", name = ""] = ingress.split("/");
      const object = this.#ingresses.get({ namespace, name });
      const key = `${object?.metadata?.uid} ${message}`;
      now.add(key);
      if (this.#told.has(key) || !object) continue;
      this.#told.add(key);
      this.#options.log(`ingress ${ingress}: ${message}`);
      this.#events.record(referenceTo(ingresses, object), "Warning", "Ineffective", message);
    }
    for (const key of this.#told) if (!now.has(key)) this.#told.delete(key);
  }

  #scheduled(ingress: Ingress): void {
    if (!this.ours().includes(ingress)) return;
    this.#events.record(referenceTo(ingresses, ingress), "Normal", "Sync", "Scheduled for sync");
  }
}
