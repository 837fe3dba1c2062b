import type { ObjectKey } from "../../client.ts";
import { StatusError } from "../../status-error.ts";
import { type ApiObject, freezeJson } from "./stored-object.ts";

/** One change as it was committed. */
export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: ApiObject;
  /** The object before the change; absent where it was added. */
  readonly previous: ApiObject | undefined;
  readonly version: number;
}

type Listener = (event: StoreEvent) => void;

interface Table {
  readonly namespaces: Map<string, Map<string, ApiObject>>;
  readonly listeners: Set<Listener>;
  history: StoreEvent[];
  /** The version up to which history is no longer known. */
  forgottenVersion: number;
}

/**
 * How many changes a table remembers at least, so that a watch can start in the past: with 2048 of them, pods that come
 * and go cost a megabyte each until the first are forgotten.
 */
const historyLength = 512;

/**
 * All objects of the cluster, in memory: one counter of versions for all tables, as etcd has it,
 * and for each table a bounded history that watches start from. Stored objects are frozen.
 */
export class ObjectStore {
  #version = 1;
  readonly #tables = new Map<string, Table>();

  /** The version of the newest change. */
  get version(): number {
    return this.#version;
  }

  get(table: string, key: ObjectKey): ApiObject | undefined {
    return this.#tables
      .get(table)
      ?.namespaces.get(key.namespace ?? "")
      ?.get(key.name);
  }

  /** Objects in the order of namespace and name; of all namespaces where none is given. */
  list(table: string, namespace?: string): ApiObject[] {
    const found = this.#tables.get(table);
    if (!found) return [];
    if (namespace !== undefined) return sortedValues(found.namespaces.get(namespace));
    return [...found.namespaces.keys()]
      .toSorted()
      .flatMap((name) => sortedValues(found.namespaces.get(name)));
  }

  /**
   * Commits an object under a new version. `previous` is the stored object it was made from;
   * answers undefined where another write came between.
   */
  put(table: string, object: ApiObject, previous: ApiObject | undefined): ApiObject | undefined {
    const found = this.#table(table);
    const namespace = object.metadata.namespace ?? "";
    const name = object.metadata.name ?? "";
    let objects = found.namespaces.get(namespace);
    if (objects?.get(name) !== previous) return undefined;
    if (!objects) found.namespaces.set(namespace, (objects = new Map()));
    const version = ++this.#version;
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    const stored = freezeJson({ ...object, metadata });
    objects.set(name, stored);
    const type = previous ? "MODIFIED" : "ADDED";
    this.#commit(found, { type, object: stored, previous, version });
    return stored;
  }

  /** Removes the object; `last` is its final state where that differs from `previous`. */
  remove(table: string, previous: ApiObject, last: ApiObject = previous): ApiObject | undefined {
    const found = this.#table(table);
    const objects = found.namespaces.get(previous.metadata.namespace ?? "");
    const name = previous.metadata.name ?? "";
    if (objects?.get(name) !== previous) return undefined;
    objects.delete(name);
    if (objects.size === 0) found.namespaces.delete(previous.metadata.namespace ?? "");
    const version = ++this.#version;
    const metadata = { ...last.metadata, resourceVersion: String(version) };
    const object = freezeJson({ ...last, metadata });
    this.#commit(found, { type: "DELETED", object, previous, version });
    return object;
  }

  /**
   * Tells `listener` every change after `afterVersion`, those of the past at once.
   * Throws 410 Expired where that past is no longer known. Returns how to stop.
   */
  watch(table: string, afterVersion: number, listener: Listener): () => void {
    const found = this.#table(table);
    if (afterVersion < found.forgottenVersion) {
      throw new StatusError(
        410,
        "Expired",
        `too old resource version: ${afterVersion} (${found.forgottenVersion})`,
      );
    }
    for (const event of found.history) if (event.version > afterVersion) listener(event);
    found.listeners.add(listener);
    return () => found.listeners.delete(listener);
  }

  /** The version of the newest change in the table, or of one before which nothing is known. */
  lastChange(table: string): number {
    const { history, forgottenVersion } = this.#table(table);
    return history.at(-1)?.version ?? forgottenVersion;
  }

  /** Forgets all history, as a server that has just started knows none. */
  forgetHistory(): void {
    for (const table of this.#tables.values()) {
      table.history = [];
      table.forgottenVersion = this.#version;
    }
    this.#firstVersion = this.#version;
  }

  #firstVersion = 0;

  #table(name: string): Table {
    let table = this.#tables.get(name);
    if (!table) {
      table = {
        namespaces: new Map(),
        listeners: new Set(),
        history: [],
        forgottenVersion: this.#firstVersion,
      };
      this.#tables.set(name, table);
    }
    return table;
  }

  #commit(table: Table, event: StoreEvent): void {
    table.history.push(event);
    if (table.history.length >= 2 * historyLength) {
      const forgotten = table.history.splice(0, historyLength);
      table.forgottenVersion = forgotten.at(-1)?.version ?? table.forgottenVersion;
    }
    for (const listener of table.listeners) listener(event);
  }
}

function sortedValues(objects: Map<string, ApiObject> | undefined): ApiObject[] {
  if (!objects) return [];
  return [...objects.keys()].toSorted().flatMap((name) => objects.get(name) ?? []);
}
