import type { Resource } from "../../resource.ts";
import type { Kind, ServedVersion } from "../kinds/kind.ts";
import type { ApiObject } from "../storage/stored-object.ts";

/** A kind as one group and version serves it. */
export interface ServedKind {
  readonly kind: Kind;
  /** With the group and version of this service, not of the storage. */
  readonly resource: Resource;
  readonly schema: string;
  readonly version: ServedVersion | undefined;
}

/** Finds kinds by where they are served. */
export class ServedKinds {
  readonly #byPath = new Map<string, ServedKind>();

  constructor(kinds: readonly Kind[]) {
    for (const kind of kinds) this.add(kind);
  }

  add(kind: Kind): void {
    const { resource, schema } = kind;
    this.#add({ kind, resource, schema, version: undefined });
    for (const version of kind.also ?? []) {
      const served = { ...resource, group: version.group, version: version.version };
      this.#add({ kind, resource: served, schema: version.schema ?? schema, version });
    }
  }

  remove(kind: Kind): void {
    for (const [path, served] of this.#byPath) {
      if (served.kind === kind) this.#byPath.delete(path);
    }
  }

  find(group: string, version: string, plural: string): ServedKind | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  all(): ServedKind[] {
    return [...this.#byPath.values()];
  }

  #add(served: ServedKind): void {
    const { group, version, plural } = served.resource;
    this.#byPath.set(`${group}/${version}/${plural}`, served);
  }
}

/** The object in the form that is stored. */
export function toStored(served: ServedKind, object: ApiObject): ApiObject {
  if (!served.version) return object;
  const converted = served.version.toStored?.(object) ?? object;
  return { ...converted, apiVersion: groupVersion(served.kind.resource) };
}

const conversions = new WeakMap<ApiObject, Map<ServedKind, ApiObject>>();

/** The stored object in the form of this group and version. */
export function fromStored(served: ServedKind, object: ApiObject): ApiObject {
  if (!served.version) return object;
  const known = conversions.get(object) ?? new Map<ServedKind, ApiObject>();
  conversions.set(object, known);
  let converted = known.get(served);
  if (!converted) {
    const form = served.version.fromStored?.(object) ?? object;
    converted = Object.freeze({ ...form, apiVersion: groupVersion(served.resource) });
    known.set(served, converted);
  }
  return converted;
}

function groupVersion({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}
