import { isJsonObject, type JsonObject } from "../storage/stored-object.ts";

/**
 * A set of fields as managedFields keeps it. Path elements are `f:name`, `k:{"key":"value"}` for an
 * item of a list that is a map, and `v:value` for a member of a list that is a set.
 */
export interface FieldSet {
  /** Whether the field at this place is itself in the set, and not only some below it. */
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

/** The set of nothing. */
export const emptySet: FieldSet = { member: false, children: new Map() };
/** One field with nothing below it. */
export const leaf: FieldSet = { member: true, children: new Map() };

/** Whether nothing is in the set. */
export function isEmptySet(set: FieldSet): boolean {
  return !set.member && set.children.size === 0;
}

/** Fields in either. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(left)) return right;
  if (isEmptySet(right)) return left;
  const children = new Map(left.children);
  for (const [element, set] of right.children) {
    const other = children.get(element);
    children.set(element, other ? union(other, set) : set);
  }
  return { member: left.member || right.member, children };
}

/** Fields of `left` that are not in `right`. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, set] of left.children) {
    const other = right.children.get(element);
    const rest = other ? difference(set, other) : set;
    if (!isEmptySet(rest)) children.set(element, rest);
  }
  return { member: left.member && !right.member, children };
}

/** As difference, but a field in `right` takes everything below it along. */
export function withoutBranches(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, set] of left.children) {
    const other = right.children.get(element);
    if (other?.member) continue;
    const rest = other ? withoutBranches(set, other) : set;
    if (!isEmptySet(rest)) children.set(element, rest);
  }
  return { member: left.member && !right.member, children };
}

/** Fields in both. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, set] of left.children) {
    const other = right.children.get(element);
    const shared = other ? intersection(set, other) : emptySet;
    if (!isEmptySet(shared)) children.set(element, shared);
  }
  return { member: left.member && right.member, children };
}

const parsed = new WeakMap<object, FieldSet>();

/** From the form that managedFields' fieldsV1 has. */
export function parseFieldsV1(fields: unknown): FieldSet {
  if (!isJsonObject(fields)) return emptySet;
  const known = parsed.get(fields);
  if (known) return known;
  const set = parseElement(fields);
  // An empty object means a field everywhere but at the root, where it means none.
  const root = { member: false, children: set.children };
  if (Object.isFrozen(fields)) parsed.set(fields, root);
  return root;
}

function parseElement(fields: JsonObject): FieldSet {
  const children = new Map<string, FieldSet>();
  let member = false;
  for (const [element, below] of Object.entries(fields)) {
    if (element === ".") member = true;
    else if (isJsonObject(below)) children.set(element, parseElement(below));
  }
  return { member: member || children.size === 0, children };
}

/** To the form that managedFields' fieldsV1 has. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const fields: JsonObject = set.member && set.children.size > 0 ? { ".": {} } : {};
  const sorted = [...set.children].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [element, below] of sorted) fields[element] = toFieldsV1(below);
  return fields;
}

/** Every field as a path for people: `.spec.containers[name="web"].image`. */
export function pathsOf(set: FieldSet, prefix = ""): string[] {
  const own = set.member ? [prefix] : [];
  const below = [...set.children].flatMap(([element, child]) =>
    pathsOf(child, prefix + elementText(element)),
  );
  return [...own, ...below];
}

/** A path element for people: `.spec`, `[name="web"]`, `[="a"]`. */
export function elementText(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith("f:")) return `.${rest}`;
  if (element.startsWith("v:")) return `[=${rest}]`;
  const keys = JSON.parse(rest) as JsonObject;
  const pairs = Object.entries(keys).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `[${pairs.join(",")}]`;
}
