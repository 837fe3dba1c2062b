import { type Clock, systemClock } from "../time/clock.ts";
import type { Client, ListOptions, ObjectKey } from "./client.ts";
import type { KubeObject, Resource } from "./resource.ts";

/** Told what changed; each in the order of the changes. */
export interface InformerHandlers<T> {
  readonly added?: (object: T) => void;
  readonly updated?: (object: T, old: T) => void;
  /** With the last state that is known. */
  readonly deleted?: (object: T) => void;
}

export interface InformerOptions extends ListOptions {
  /** Ends the informer. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** Told why a list or watch failed; it is tried again after a second. @default nobody */
  readonly onError?: (error: unknown) => void;
}

/** A cache of one resource's objects that follows the API server. */
export interface Informer<T> {
  get(key: ObjectKey): T | undefined;
  /** All objects, or those of one namespace. */
  list(namespace?: string): readonly T[];
  /** Adds handlers; objects that are there already are told as added, at once. */
  on(handlers: InformerHandlers<T>): void;
  /** Resolves when the first list is in; rejects when the signal aborts before. */
  readonly synced: Promise<void>;
}

const retryMs = 1000;

/** Starts to list and watch the resource; works over both clients. */
export function createInformer<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  options: InformerOptions,
): Informer<T> {
  return new ListWatch(client, resource, options);
}

class ListWatch<T extends KubeObject> implements Informer<T> {
  readonly synced: Promise<void>;
  readonly #client: Client;
  readonly #resource: Resource<T>;
  readonly #options: InformerOptions;
  readonly #handlers: InformerHandlers<T>[] = [];
  readonly #namespaces = new Map<string, Map<string, T>>();

  constructor(client: Client, resource: Resource<T>, options: InformerOptions) {
    this.#client = client;
    this.#resource = resource;
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.synced = promise;
    // Whoever does not wait for the first list is not troubled by its failure.
    promise.catch(() => {});
    options.signal.addEventListener("abort", () => reject(options.signal.reason), { once: true });
    void this.#run(resolve);
  }

  get(key: ObjectKey): T | undefined {
    return this.#namespaces.get(key.namespace ?? "")?.get(key.name);
  }

  list(namespace?: string): readonly T[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    return [...this.#namespaces.values()].flatMap((objects) => [...objects.values()]);
  }

  on(handlers: InformerHandlers<T>): void {
    this.#handlers.push(handlers);
    for (const object of this.list()) handlers.added?.(object);
  }

  async #run(onSynced: () => void): Promise<void> {
    const { signal, clock = systemClock, onError } = this.#options;
    while (!signal.aborted) {
      try {
        const { items, resourceVersion } = await this.#client.list(this.#resource, this.#options);
        this.#replace(items);
        onSynced();
        await this.#follow(resourceVersion);
      } catch (error) {
        if (signal.aborted) return;
        onError?.(error);
        await clock.sleep(retryMs, signal).catch(() => {});
      }
    }
  }

  /** Returns where the server no longer knows the version, so that a new list is due. */
  async #follow(fromVersion: string): Promise<void> {
    const { signal } = this.#options;
    let resourceVersion = fromVersion;
    while (!signal.aborted) {
      const events = this.#client.watch(this.#resource, { ...this.#options, resourceVersion });
      for await (const { type, object } of events) {
        if (type === "ERROR") return;
        resourceVersion = object.metadata?.resourceVersion ?? resourceVersion;
        if (type === "DELETED") this.#remove(object);
        else if (type !== "BOOKMARK") this.#store(object);
      }
    }
  }

  #replace(items: readonly T[]): void {
    const present = new Set(items.map((object) => object.metadata?.uid));
    for (const object of this.list()) {
      if (!present.has(object.metadata?.uid)) this.#remove(object);
    }
    for (const object of items) this.#store(object);
  }

  #store(object: T): void {
    const { namespace = "", name = "" } = object.metadata ?? {};
    let objects = this.#namespaces.get(namespace);
    if (!objects) this.#namespaces.set(namespace, (objects = new Map()));
    const old = objects.get(name);
    if (old && old.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    objects.set(name, object);
    for (const handlers of this.#handlers) {
      if (old) handlers.updated?.(object, old);
      else handlers.added?.(object);
    }
  }

  #remove(object: T): void {
    const { namespace = "", name = "" } = object.metadata ?? {};
    const objects = this.#namespaces.get(namespace);
    if (!objects?.delete(name)) return;
    if (objects.size === 0) this.#namespaces.delete(namespace);
    for (const handlers of this.#handlers) handlers.deleted?.(object);
  }
}
