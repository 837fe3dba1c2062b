import type { Clock } from "../../../time/clock.ts";
import type { Client } from "../../client.ts";
import { createInformer, type Informer } from "../../informer.ts";
import type { KubeObject, Resource } from "../../resource.ts";

export interface CachesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** One informer for each resource, shared by all controllers. */
export class Caches {
  readonly #options: CachesOptions;
  readonly #informers = new Map<string, Informer<KubeObject>>();

  constructor(options: CachesOptions) {
    this.#options = options;
  }

  of<T extends KubeObject>(resource: Resource<T>): Informer<T> {
    const name = `${resource.plural}.${resource.group}`;
    let informer = this.#informers.get(name);
    if (!informer) {
      const { client, clock, signal } = this.#options;
      informer = createInformer(client, resource as Resource, { signal, clock });
      this.#informers.set(name, informer);
    }
    return informer as unknown as Informer<T>;
  }

  /** Resolves when every cache that was asked for holds its first list. */
  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced));
  }
}
