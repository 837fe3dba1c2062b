import { badRequest } from "../errors/api-errors.ts";
import type { SchemaNode } from "../schema/schema-node.ts";
import { copyJson, equalJson, isJsonObject, type JsonObject } from "../storage/stored-object.ts";

type ListNode = Extract<SchemaNode, { form: "list" }>;

const orderPrefix = "$setElementOrder/";
const deletePrefix = "$deleteFromPrimitiveList/";

/** Kubernetes' own kind of patch: lists merge by the key that their type names. */
export function applyStrategicPatch(node: SchemaNode, original: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) throw badRequest("a strategic merge patch is an object");
  return mergeObject(node, isJsonObject(original) ? original : {}, patch);
}

function mergeObject(node: SchemaNode, original: JsonObject, patch: JsonObject): JsonObject {
  const { $patch: directive, $retainKeys: retained, ...fields } = patch;
  if (directive === "replace") return copyJson(fields);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") {
    throw badRequest(`Unknown patch type: ${JSON.stringify(directive)}`);
  }
  const kept = retainedFields(original, retained);
  const merged: JsonObject = { ...kept };
  for (const [field, value] of Object.entries(fields)) {
    if (field.startsWith("$")) continue;
    const child = childNode(node, field);
    if (value === null) delete merged[field];
    else merged[field] = mergeValue(child, merged[field], value, fields[`${orderPrefix}${field}`]);
  }
  applyListDirectives(node, merged, fields);
  return merged;
}

function retainedFields(original: JsonObject, retained: unknown): JsonObject {
  if (!Array.isArray(retained)) return original;
  return Object.fromEntries(Object.entries(original).filter(([field]) => retained.includes(field)));
}

/** Directives for lists that the patch itself does not carry. */
function applyListDirectives(node: SchemaNode, merged: JsonObject, patch: JsonObject): void {
  for (const [directive, value] of Object.entries(patch)) {
    if (directive.startsWith(deletePrefix)) {
      const field = directive.slice(deletePrefix.length);
      const present = merged[field];
      if (!Array.isArray(present) || !Array.isArray(value)) continue;
      merged[field] = present.filter((item) => !value.some((gone) => equalJson(gone, item)));
    } else if (directive.startsWith(orderPrefix)) {
      const field = directive.slice(orderPrefix.length);
      const present = merged[field];
      const child = childNode(node, field);
      if (patch[field] !== undefined || !Array.isArray(present) || child?.form !== "list") continue;
      merged[field] = inOrder(child, present, present, value);
    }
  }
}

function childNode(node: SchemaNode | undefined, field: string): SchemaNode | undefined {
  if (node?.form === "object") return node.fields.get(field);
  return node?.form === "map" ? node.value : undefined;
}

function mergeValue(
  node: SchemaNode | undefined,
  original: unknown,
  patch: unknown,
  order: unknown,
): unknown {
  if (isJsonObject(patch)) {
    const base = isJsonObject(original) ? original : {};
    return mergeObject(node ?? anyNode, base, patch);
  }
  if (Array.isArray(patch) && node?.form === "list" && node.merge.patchKey !== undefined) {
    return mergeList(node, Array.isArray(original) ? original : [], patch, order);
  }
  return copyJson(patch);
}

const anyNode: SchemaNode = { form: "scalar", scalar: "any" };

function mergeList(
  node: ListNode,
  original: readonly unknown[],
  patch: readonly unknown[],
  order: unknown,
): unknown[] {
  const key = node.merge.patchKey ?? "";
  if (key === "") {
    const merged = [...original];
    for (const item of patch) if (!merged.includes(item)) merged.push(item);
    return inOrder(node, merged, original, order);
  }
  const items = patch.filter(isJsonObject);
  if (items.some((item) => item.$patch === "replace")) {
    return items.filter((item) => item.$patch !== "replace").map((item) => copyJson(item));
  }
  let merged: unknown[] = [...original];
  for (const item of items) {
    const wanted = item[key];
    if (wanted === undefined) {
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    }
    const isIt = (one: unknown): boolean => isJsonObject(one) && one[key] === wanted;
    if (item.$patch === "delete") merged = merged.filter((one) => !isIt(one));
    else {
      const index = merged.findIndex(isIt);
      const base = merged[index];
      const result = mergeObject(node.item, isJsonObject(base) ? base : {}, item);
      if (index < 0) merged.push(result);
      else merged[index] = result;
    }
  }
  return inOrder(node, merged, original, order);
}

/** Items that the order names come in that order; others keep their place relative to those that were there. */
function inOrder(
  node: ListNode,
  merged: readonly unknown[],
  original: readonly unknown[],
  order: unknown,
): unknown[] {
  if (!Array.isArray(order)) return [...merged];
  const key = node.merge.patchKey ?? "";
  const identity = (item: unknown): unknown =>
    key !== "" && isJsonObject(item) ? item[key] : item;
  const ranks = new Map(order.map((item, index) => [identity(item), index]));
  const places = new Map(original.map((item, index) => [identity(item), index]));
  const rank = (item: unknown): number => ranks.get(identity(item)) ?? -1;
  const place = (item: unknown): number => places.get(identity(item)) ?? -1;
  const named = merged.filter((item) => rank(item) >= 0).toSorted((a, b) => rank(a) - rank(b));
  const others = merged.filter((item) => rank(item) < 0);
  const result: unknown[] = [];
  for (const item of named) {
    while (others[0] !== undefined && place(item) >= 0 && place(others[0]) < place(item)) {
      result.push(others.shift());
    }
    result.push(item);
  }
  return [...result, ...others];
}
