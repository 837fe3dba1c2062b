import type { SchemaNode } from "../schema/schema-node.ts";
import { equalJson, isJsonObject, type JsonObject } from "../storage/stored-object.ts";
import { emptySet, type FieldSet, isEmptySet, leaf } from "./field-set.ts";

/** Metadata that the server sets and nobody owns. */
const serverFields = new Set([
  "name",
  "namespace",
  "uid",
  "selfLink",
  "generation",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
]);

// Go's structs have these even when they are empty, so that nobody can be said to have added them.
const alwaysThere = new Set([
  "metadata",
  "spec",
  "status",
  "template",
  "strategy",
  "updateStrategy",
  "resources",
  "containers",
  "loadBalancer",
]);

/** The parts of an object that can be owned. */
export function ownable(object: JsonObject): JsonObject {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object;
  if (!isJsonObject(metadata)) return rest;
  const owned = Object.entries(metadata).filter(([field]) => !serverFields.has(field));
  return owned.length > 0 ? { ...rest, metadata: Object.fromEntries(owned) } : rest;
}

/** Every field that an applied configuration names. */
export function appliedFields(node: SchemaNode, value: unknown): FieldSet {
  return new FieldCollector(false).collect(node, value, "");
}

/** Every field that a new value brings, its containers included. */
function addedFields(node: SchemaNode, value: unknown, field: string): FieldSet {
  return new FieldCollector(true).collect(node, value, field);
}

/** Fields of `next` that are new or differ from `old`. */
export function changedFields(node: SchemaNode, old: unknown, next: unknown, field = ""): FieldSet {
  if (next === undefined || old === next) return emptySet;
  if (old === undefined) return addedFields(node, next, field);
  if (isWhole(node)) return equalJson(old, next) ? emptySet : leaf;
  const before = childrenOf(node, old);
  const after = childrenOf(node, next);
  if (!before || !after) return equalJson(old, next) ? emptySet : leaf;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of after) {
    const earlier = before.get(element);
    const changed = earlier
      ? changedFields(child.node, earlier.value, child.value, child.field)
      : addedFields(child.node, child.value, child.field);
    if (!isEmptySet(changed)) children.set(element, changed);
  }
  return { member: false, children };
}

/** Fields of `old` that `next` no longer has. */
export function removedFields(node: SchemaNode, old: unknown, next: unknown): FieldSet {
  if (old === undefined || old === next || isWhole(node)) {
    return old !== undefined && next === undefined ? leaf : emptySet;
  }
  const before = childrenOf(node, old);
  if (next === undefined) return leaf;
  const after = childrenOf(node, next);
  if (!before || !after) return emptySet;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of before) {
    const removed = after.has(element)
      ? removedFields(child.node, child.value, after.get(element)?.value)
      : leaf;
    if (!isEmptySet(removed)) children.set(element, removed);
  }
  return { member: false, children };
}

class FieldCollector {
  readonly #withContainers: boolean;

  constructor(withContainers: boolean) {
    this.#withContainers = withContainers;
  }

  collect(node: SchemaNode, value: unknown, field: string): FieldSet {
    const children = isWhole(node) ? undefined : childrenOf(node, value);
    if (!children || children.size === 0) return field === "" ? emptySet : leaf;
    const sets = new Map<string, FieldSet>();
    for (const [element, child] of children) {
      const set = this.collect(child.node, child.value, child.field);
      const isItem = !element.startsWith("f:");
      sets.set(element, isItem ? { ...set, member: true } : set);
    }
    const member = this.#withContainers && field !== "" && !alwaysThere.has(field);
    return { member, children: sets };
  }
}

/** A value below another, with what the schema says of it. */
export interface ChildValue {
  readonly node: SchemaNode;
  readonly value: unknown;
  /** The field's name, or "[]" for items. */
  readonly field: string;
}

/** Whether the value is owned as one. */
export function isWhole(node: SchemaNode): boolean {
  if (node.form === "scalar") return true;
  if (node.form === "list") return node.merge.type === "atomic";
  return node.atomic;
}

/** The value's parts by path element; undefined where it has none. */
export function childrenOf(node: SchemaNode, value: unknown): Map<string, ChildValue> | undefined {
  if (node.form === "list") return Array.isArray(value) ? itemsOf(node, value) : undefined;
  if (node.form === "scalar" || !isJsonObject(value)) return undefined;
  const children = new Map<string, ChildValue>();
  for (const [field, item] of Object.entries(value)) {
    const child = node.form === "map" ? node.value : node.fields.get(field);
    if (child && item !== undefined)
      children.set(`f:${field}`, { node: child, value: item, field });
  }
  return children;
}

function itemsOf(
  { item: node, merge }: Extract<SchemaNode, { form: "list" }>,
  values: readonly unknown[],
): Map<string, ChildValue> {
  const children = new Map<string, ChildValue>();
  for (const value of values) {
    const element =
      merge.type === "set" ? `v:${JSON.stringify(value)}` : keyElement(merge.keys, value);
    children.set(element, { node, value, field: "[]" });
  }
  return children;
}

/** The path element of an item of a list that is a map. */
export function keyElement(keys: readonly string[], item: unknown): string {
  const fields = isJsonObject(item) ? item : {};
  const sorted = keys.toSorted().map((key) => [key, fields[key] ?? keyDefaults[key]]);
  return `k:${JSON.stringify(Object.fromEntries(sorted.filter(([, value]) => value !== undefined)))}`;
}

const keyDefaults: Readonly<Record<string, unknown>> = { protocol: "TCP" };
