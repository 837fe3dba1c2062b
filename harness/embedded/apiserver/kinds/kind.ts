import type { KubeObject, Resource } from "../../resource.ts";
import type { FieldErrors } from "../errors/field-errors.ts";
import type { ApiObject, Writable } from "../storage/stored-object.ts";

/** A column of a kind's table; the cell is what `kubectl get` prints. */
export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly format?: "name";
  /** 1 for columns that only `-o wide` shows. @default 0 */
  readonly priority?: 0 | 1;
  /** `nowMs` is for ages. */
  readonly cell: (object: T, nowMs: number) => string | number;
}

/** Another group or version under which the same stored objects are served. */
export interface ServedVersion {
  readonly group: string;
  readonly version: string;
  /** The schema's type where it differs. */
  readonly schema?: string;
  /** To and from the stored form, where more than apiVersion differs. */
  readonly toStored?: (object: ApiObject) => ApiObject;
  readonly fromStored?: (object: ApiObject) => ApiObject;
}

/** Everything that makes one kind different from others. A kind is one value of this type in one file. */
export interface Kind<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** The type in the schema that objects are checked against. */
  readonly schema: string;
  readonly also?: readonly ServedVersion[];
  /** Which subresources exist. @default none */
  readonly status?: boolean;
  readonly scale?: boolean;
  /** Subresources with handlers of their own, for discovery: "log", "exec", ... */
  readonly otherSubresources?: readonly Subresource[];
  /** Which changes raise metadata.generation: of the spec, of anything but metadata and status. @default never */
  readonly generation?: "spec" | "content";
  /** What every answer about this kind warns of. @default nothing */
  readonly deprecation?: string;
  /** How names are checked. @default "subdomain" */
  readonly names?: "subdomain" | "label" | "service" | "path";
  /** A delete answers with the object and not with a Status. @default false */
  readonly answersDeleted?: boolean;
  /** Fills in what was left out; runs on every write, before validation. */
  readonly setDefaults?: (object: Writable<T>) => void;
  /** Sets what only the server may set on a new object, for example an empty status. */
  readonly prepareCreate?: (object: Writable<T>) => void;
  /** Carries over what an update may leave out. */
  readonly prepareUpdate?: (object: Writable<T>, old: T) => void;
  readonly validate?: (object: T, errors: FieldErrors, old: T | undefined) => void;
  /** How long a deletion waits for whoever runs the object; 0 removes it at once. @default 0 */
  readonly deletionGraceSeconds?: (object: T, requested: number | undefined) => number;
  /** Marks the object as going away, where the kind shows that. */
  readonly beforeDelete?: (object: Writable<T>) => void;
  /** Whether something besides metadata.finalizers keeps a deleted object. */
  readonly isHeld?: (object: T) => boolean;
  /** What a field selector may ask for besides metadata.name and metadata.namespace. */
  readonly selectable?: (object: T) => Readonly<Record<string, string>>;
  /** @default Name and Age */
  readonly columns?: readonly Column<T>[];
}

/** One subresource as discovery lists it. */
export interface Subresource {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

/** Checks a kind's own types and lets go of them, so that kinds of different types share one list. */
export function defineKind<T extends KubeObject>(kind: Kind<T>): Kind {
  return kind as unknown as Kind;
}

/** The name of the table that holds the kind's objects. */
export function tableOf(kind: Kind): string {
  const { group, plural } = kind.resource;
  return group === "" ? plural : `${plural}.${group}`;
}
