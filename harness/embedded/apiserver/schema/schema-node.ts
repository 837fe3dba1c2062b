/** A value without structure that the schema knows. */
export type Scalar =
  | "string"
  | "boolean"
  | "int32"
  | "int64"
  | "double"
  | "bytes"
  | "time"
  | "microtime"
  | "quantity"
  | "int-or-string"
  | "any";

/** How server-side apply sees a list, and a strategic merge patch. */
export interface ListMerge {
  /** Lists are one value (atomic), a set of scalars, or a map by these fields of their items. */
  readonly type: "atomic" | "set" | "map";
  readonly keys: readonly string[];
  /** A strategic merge patch merges by this field; "" merges lists of scalars. */
  readonly patchKey: string | undefined;
  readonly retainKeys: boolean;
}

/** One node of the schema, ready to be walked. */
export type SchemaNode =
  | { readonly form: "scalar"; readonly scalar: Scalar }
  | { readonly form: "list"; readonly item: SchemaNode; readonly merge: ListMerge }
  | { readonly form: "map"; readonly value: SchemaNode; readonly atomic: boolean }
  | ObjectNode;

/** An object with named fields. */
export interface ObjectNode {
  readonly form: "object";
  readonly name: string;
  readonly atomic: boolean;
  /** Keys that a strategic merge patch lists are the only ones to stay. */
  readonly retainKeys: boolean;
  readonly fields: ReadonlyMap<string, SchemaNode>;
  readonly required: ReadonlySet<string>;
  /** Custom resources check and word things differently. */
  readonly custom: boolean;
}
