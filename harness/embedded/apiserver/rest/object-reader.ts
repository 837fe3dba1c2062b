import type { ListOptions, ObjectKey, ObjectList, WatchEvent } from "../../client.ts";
import { StatusError } from "../../status-error.ts";
import { badRequest, notFound } from "../errors/api-errors.ts";
import { tableOf } from "../kinds/kind.ts";
import type { ObjectStore, StoreEvent } from "../storage/object-store.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import { createSelection } from "./object-selection.ts";
import { fromStored, type ServedKind } from "./served-kinds.ts";

/** A list that may be one part of a longer one. */
export interface ObjectPage extends ObjectList<ApiObject> {
  /** Asks for the next part; absent at the end. */
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** Which part of a list is asked for. */
export interface PageOptions extends ListOptions {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  /** A version that the list must not be older than, or be of. */
  readonly version?: number | undefined;
  readonly exact?: boolean;
}

/** Reads objects: one, many, or as they change. */
export class ObjectReader {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  get(served: ServedKind, key: ObjectKey): ApiObject {
    const found = this.#store.get(tableOf(served.kind), key);
    if (!found) throw notFound(served.resource, key.name);
    return fromStored(served, found);
  }

  list(served: ServedKind, options: PageOptions): ObjectPage {
    const isSelected = createSelection(served.kind, options);
    const position = parsePosition(options.continue);
    this.#checkVersion(served, options);
    const objects = this.#store
      .list(tableOf(served.kind), options.namespace)
      .filter((object) => isSelected(object) && (!position || keyOf(object) > position.after));
    const exact = options.exact ? options.version : undefined;
    const resourceVersion = position?.version ?? String(exact ?? this.#store.version);
    const limit = options.limit || objects.length;
    const items = objects.slice(0, limit).map((object) => fromStored(served, object));
    const last = objects[limit - 1];
    if (objects.length <= limit || !last) return { items, resourceVersion };
    return {
      items,
      resourceVersion,
      continue: toPosition({ version: resourceVersion, after: keyOf(last) }),
      remainingItemCount: objects.length - limit,
    };
  }

  /** Versions to come are refused, and past ones where the list has changed since. */
  #checkVersion(served: ServedKind, { version, exact, continue: token }: PageOptions): void {
    if (version === undefined) return;
    if (token) throw badRequest("specifying resource version is not allowed when using continue");
    if (version > this.#store.version) throw tooLarge(version, this.#store.version);
    if (exact && this.#store.lastChange(tableOf(served.kind)) > version) {
      const message = "The resourceVersion for the provided list is too old.";
      throw new StatusError(410, "Expired", message);
    }
  }

  /** Tells `listener` each change after the version to an object that is, or was, selected. */
  watch(
    served: ServedKind,
    options: ListOptions,
    afterVersion: number,
    listener: (event: WatchEvent<ApiObject>) => void,
  ): () => void {
    const isSelected = createSelection(served.kind, options);
    return this.#store.watch(tableOf(served.kind), afterVersion, (event) => {
      const type = typeForSelection(event, isSelected);
      if (type) listener({ type, object: fromStored(served, event.object) });
    });
  }

  get version(): number {
    return this.#store.version;
  }
}

function tooLarge(wanted: number, current: number): StatusError {
  const what = "Too large resource version";
  return new StatusError(504, "Timeout", `Timeout: ${what}: ${wanted}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: what }],
    retryAfterSeconds: 1,
  });
}

/** An object that comes to match is ADDED to the watcher, one that ceases to is DELETED. */
function typeForSelection(
  { type, object, previous }: StoreEvent,
  isSelected: (object: ApiObject) => boolean,
): StoreEvent["type"] | undefined {
  const before = previous !== undefined && isSelected(previous);
  if (type === "DELETED") return before ? "DELETED" : undefined;
  if (isSelected(object)) return before ? "MODIFIED" : "ADDED";
  return before ? "DELETED" : undefined;
}

interface Position {
  readonly version: string;
  readonly after: string;
}

function keyOf({ metadata }: ApiObject): string {
  return `${metadata.namespace ?? ""}\u0000${metadata.name ?? ""}`;
}

function toPosition(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

function parsePosition(token: string | undefined): Position | undefined {
  if (!token) return undefined;
  try {
    const { version, after } = JSON.parse(Buffer.from(token, "base64url").toString()) as Position;
    if (typeof version === "string" && typeof after === "string") return { version, after };
  } catch {
    // Falls through: whatever is wrong with it, the answer is the same.
  }
  const why = "it was not made by this server or has been changed";
  throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
