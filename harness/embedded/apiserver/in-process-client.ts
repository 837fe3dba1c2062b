import type {
  Client,
  DeleteOptions,
  ListOptions,
  ObjectKey,
  ObjectList,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "../client.ts";
import { apiVersionOf, type KubeObject, type Resource } from "../resource.ts";
import { StatusError } from "../status-error.ts";
import { noSuchResource } from "./errors/api-errors.ts";
import type { Patcher } from "./patch/patcher.ts";
import type { Registry } from "./rest/registry.ts";
import type { RequestContext, User } from "./rest/request-context.ts";
import type { ServedKind, ServedKinds } from "./rest/served-kinds.ts";
import type { Subresources } from "./rest/subresources.ts";
import { AsyncQueue } from "./storage/async-queue.ts";
import type { ApiObject } from "./storage/stored-object.ts";

/** What the in-process client hands requests to. */
export interface InProcessBackend {
  readonly registry: Registry;
  readonly kinds: ServedKinds;
  readonly patcher: Patcher;
  readonly subresources: Subresources;
}

const user: User = {
  name: "system:apiserver",
  groups: ["system:masters", "system:authenticated"],
};

/** The `Client` for parts that live in the server's own process: no HTTP, no copies on reading. */
export class InProcessClient implements Client {
  readonly #backend: InProcessBackend;
  readonly #fieldManager: string;

  /** `fieldManager` is whose the fields are that it writes. */
  constructor(backend: InProcessBackend, fieldManager = "kube-apiserver") {
    this.#backend = backend;
    this.#fieldManager = fieldManager;
  }

  async get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T> {
    return this.#backend.registry.reader.get(this.#served(resource), key) as unknown as T;
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const page = this.#backend.registry.reader.list(this.#served(resource), options);
    return page as unknown as ObjectList<T>;
  }

  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const served = this.#served(resource);
    const context = this.#contextOf(options);
    const input = withType(resource, object);
    const { namespace, name } = input.metadata;
    if (context.subresource !== "") {
      const key = { namespace, name: name ?? "" };
      const { subresources } = this.#backend;
      return (await subresources.create(served, key, input, context)) as unknown as T;
    }
    const place = resource.namespaced ? (namespace ?? "default") : undefined;
    const { writer } = this.#backend.registry;
    return (await writer.create(served, place, input, context)) as unknown as T;
  }

  async update<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const served = this.#served(resource);
    const input = withType(resource, object);
    const context = this.#contextOf(options);
    const key = { namespace: input.metadata.namespace, name: input.metadata.name ?? "" };
    const updated =
      context.subresource === "scale"
        ? this.#backend.subresources.replaceScale(served, key, input, context)
        : this.#backend.registry.replace(served, key, input, context);
    return (await updated) as unknown as T;
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    const served = this.#served(resource);
    const { object } = await this.#backend.patcher.patch(
      served,
      key,
      patch,
      this.#contextOf(options),
    );
    return object as unknown as T;
  }

  async delete<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<void> {
    await this.#backend.registry.delete(this.#served(resource), key, options, this.#contextOf({}));
  }

  watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions = {},
  ): AsyncIterable<WatchEvent<T>> {
    const served = this.#served(resource);
    const { reader } = this.#backend.registry;
    let stop: (() => void) | undefined;
    const queue = new AsyncQueue<WatchEvent<ApiObject>>(() => stop?.());
    const { signal } = options;
    if (signal?.aborted) queue.end();
    signal?.addEventListener("abort", () => queue.end(), { once: true });
    try {
      let after = Number(options.resourceVersion);
      if (options.resourceVersion === undefined) {
        after = reader.version;
        for (const object of reader.list(served, options).items) {
          queue.push({ type: "ADDED", object });
        }
      }
      if (!signal?.aborted) {
        stop = reader.watch(served, options, after, (event) => queue.push(event));
      }
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const status = error.toStatus() as unknown as ApiObject;
      queue.push({ type: "ERROR", object: status });
      queue.end();
    }
    return queue as unknown as AsyncIterable<WatchEvent<T>>;
  }

  #served(resource: Resource): ServedKind {
    const served = this.#backend.kinds.find(resource.group, resource.version, resource.plural);
    if (!served) throw noSuchResource();
    return served;
  }

  #contextOf(options: WriteOptions): RequestContext {
    return {
      user,
      fieldManager: options.fieldManager ?? this.#fieldManager,
      fieldValidation: "Strict",
      dryRun: options.dryRun ?? false,
      subresource: options.subresource ?? "",
      warnings: [],
    };
  }
}

function withType(resource: Resource, object: KubeObject): ApiObject {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    ...object,
    metadata: object.metadata ?? {},
  };
}
