import { isDeepStrictEqual } from "node:util";
import type { Namespace } from "kubernetes-types/core/v1";
import type { KubeObject, Resource } from "../../resource.ts";
import { namespaces, pods } from "../../resources.ts";
import { isStatus } from "../../status-error.ts";
import type { Informer } from "../../informer.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { deletionConditions, type Remaining } from "./deletion-conditions.ts";

const finalizer = "kubernetes";
const lookAgainMs = 1_000;

/** Empties a namespace that is being deleted, pods first, and lets it go when nothing is left. */
export class NamespaceController implements Controller {
  readonly name = "namespace";
  readonly workers = 5;
  readonly #context: ControllerContext;
  readonly #namespaces: Informer<Namespace>;
  readonly #resources: readonly Resource[];

  /** `resources` names every kind of object that a namespace can hold. */
  constructor(context: ControllerContext, resources: readonly Resource[]) {
    this.#context = context;
    this.#namespaces = context.caches.of(namespaces);
    this.#resources = resources;
  }

  watch(enqueue: Enqueue): void {
    const enqueueNamespace = ({ metadata }: Namespace): void => {
      if (metadata?.deletionTimestamp) enqueue(metadata.name ?? "");
    };
    this.#namespaces.on({ added: enqueueNamespace, updated: enqueueNamespace });
    const allPods = this.#context.caches.of(pods);
    allPods.on({
      deleted: ({ metadata }) => {
        const name = metadata?.namespace ?? "";
        const terminating = this.#namespaces.get({ name })?.metadata?.deletionTimestamp;
        if (terminating && allPods.list(name).length === 0) enqueue(name);
      },
    });
  }

  async reconcile(name: string): Promise<Result> {
    const namespace = this.#namespaces.get({ name });
    if (!namespace?.metadata?.deletionTimestamp) return "done";
    if (!namespace.spec?.finalizers?.includes(finalizer)) return "done";
    const remaining = await this.#empty(name);
    const current = await this.#writeConditions(namespace, remaining);
    if (remaining.length > 0) return { afterMs: lookAgainMs };
    await this.#finalize(current);
    return "done";
  }

  /** Deletes what is there; what is still there afterwards. Kubernetes: nothing goes before the last pod has. */
  async #empty(namespace: string): Promise<Remaining[]> {
    const left = await this.#emptyOf(pods, namespace);
    if (left.count > 0) return [left];
    const others = this.#resources.filter(
      ({ namespaced, plural, group }) => namespaced && !(plural === "pods" && group === ""),
    );
    const remaining: Remaining[] = [];
    for (const resource of others) {
      const found = await this.#emptyOf(resource, namespace);
      if (found.count > 0) remaining.push(found);
    }
    return remaining;
  }

  async #emptyOf(resource: Resource, namespace: string): Promise<Remaining> {
    const { client } = this.#context;
    const { items } = await client.list(resource, { namespace });
    for (const { metadata } of items) {
      if (metadata?.deletionTimestamp) continue;
      try {
        const key = { namespace, name: metadata?.name ?? "" };
        await client.delete(resource, key, { propagationPolicy: "Background" });
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
    const left = items.length > 0 ? (await client.list(resource, { namespace })).items : [];
    return { resource, count: left.length, finalizers: left.flatMap(finalizersOf) };
  }

  async #writeConditions(
    namespace: Namespace,
    remaining: readonly Remaining[],
  ): Promise<Namespace> {
    const before = namespace.status?.conditions ?? [];
    const conditions = deletionConditions(before, remaining, this.#context.clock.now());
    if (isDeepStrictEqual([...before], conditions)) return namespace;
    const status = { ...namespace.status, phase: "Terminating", conditions };
    return this.#context.client.update(
      namespaces,
      {
        ...namespace,
        status,
      },
      { subresource: "status" },
    );
  }

  async #finalize(namespace: Namespace): Promise<void> {
    const finalizers = (namespace.spec?.finalizers ?? []).filter((one) => one !== finalizer);
    try {
      const spec = finalizers.length > 0 ? { finalizers } : {};
      await this.#context.client.update(
        namespaces,
        { ...namespace, spec },
        { subresource: "finalize" },
      );
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

function finalizersOf({ metadata }: KubeObject): readonly string[] {
  return metadata?.finalizers ?? [];
}
