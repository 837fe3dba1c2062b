import type { KubeObject, Resource } from "./resource.ts";

/** Names one object; `namespace` only for namespaced resources. */
export interface ObjectKey {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ListOptions {
  /** All namespaces where absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface WatchOptions extends ListOptions {
  /** Starts after this version; where absent, begins with an ADDED for every object there is. */
  readonly resourceVersion?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

export interface WriteOptions {
  /** "status", "scale", ... */
  readonly subresource?: string | undefined;
  readonly fieldManager?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan" | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
}

export type PatchType = "json" | "merge" | "strategic" | "apply";

export interface Patch {
  readonly type: PatchType;
  /** A JSON Patch array or an object. */
  readonly body: unknown;
  /** For "apply": take fields that others own. */
  readonly force?: boolean;
}

/**
 * How every part of the embedded cluster speaks to the API server. Two implementations with the same
 * semantics: in the server's own process, and over HTTPS for programs that run in pods.
 * Objects that come back are shared and frozen: copy with `structuredClone` before changing one.
 * Every method rejects with a StatusError as Kubernetes would answer.
 */
export interface Client {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T>;
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ObjectList<T>>;
  create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T>;
  /** Fails with 409 Conflict where `metadata.resourceVersion` is set and no longer the newest. */
  update<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T>;
  delete<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: DeleteOptions,
  ): Promise<void>;
  /** Ends when the signal aborts; a 410 arrives as an ERROR event whose object is a Status. */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    options?: WatchOptions,
  ): AsyncIterable<WatchEvent<T>>;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}
