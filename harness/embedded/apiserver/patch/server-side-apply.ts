import { StatusError } from "../../status-error.ts";
import { apiVersionOf } from "../../resource.ts";
import { badRequest } from "../errors/api-errors.ts";
import type { RequestContext } from "../rest/request-context.ts";
import type { ServedKind } from "../rest/served-kinds.ts";
import type { SchemaNode } from "../schema/schema-node.ts";
import { schemaOf } from "../schema/schema.ts";
import {
  type ApiObject,
  copyJson,
  isJsonObject,
  type JsonObject,
} from "../storage/stored-object.ts";
import {
  appliedFields,
  changedFields,
  childrenOf,
  isWhole,
  keyElement,
  ownable,
} from "./compare-fields.ts";
import {
  difference,
  emptySet,
  type FieldSet,
  intersection,
  isEmptySet,
  pathsOf,
  union,
  withoutBranches,
} from "./field-set.ts";
import { type Manager, parseManagers, toManagedFields } from "./managed-fields.ts";

/** What is applied, by whom. */
export interface ApplyRequest {
  readonly served: ServedKind;
  /** The configuration as its schema reads it. */
  readonly applied: ApiObject;
  readonly force: boolean;
  readonly context: RequestContext;
  readonly time: string;
}

/** The managedFields of an object that an apply makes. */
export function managersOfNew(request: ApplyRequest): ApiObject["metadata"]["managedFields"] {
  const fields = fieldsOf(request);
  return toManagedFields([{ ...self(request), fields }]);
}

/**
 * Merges the configuration into the live object: takes what it names, drops what it named last time
 * and no longer does, and throws 409 where that would change what others own.
 */
export function applyConfiguration(live: ApiObject, request: ApplyRequest): ApiObject {
  const { served, applied, force } = request;
  if (applied.metadata.managedFields) throw badRequest("metadata.managedFields must be nil");
  const schema = schemaOf(served.schema);
  const managers = parseManagers(live.metadata.managedFields);
  const isSelf = (one: Manager): boolean =>
    one.operation === "Apply" &&
    one.manager === request.context.fieldManager &&
    one.subresource === request.context.subresource;
  const last = managers.find(isSelf)?.fields ?? emptySet;
  const others = managers.filter((one) => !isSelf(one));
  const fields = fieldsOf(request);
  const merged = merge(schema, ownable(live), ownable(applied)) as JsonObject;
  const taken = intersection(fields, changedFields(schema, ownable(live), merged));
  const conflicts = others.filter(({ fields: theirs }) => !isEmptySet(clash(theirs, taken)));
  if (conflicts.length > 0 && !force) throw conflictError(conflicts, taken);
  const rest = others.map((one) => ({ ...one, fields: withoutBranches(one.fields, taken) }));
  const kept = rest.reduce((all, one) => union(all, one.fields), fields);
  const pruned = prune(schema, merged, difference(last, kept), kept) as JsonObject;
  const managedFields = toManagedFields([...rest, { ...self(request), fields }]);
  const { metadata, ...parts } = pruned;
  const { resourceVersion } = applied.metadata;
  return {
    kind: live.kind,
    apiVersion: live.apiVersion,
    ...parts,
    metadata: {
      ...(isJsonObject(metadata) ? metadata : {}),
      name: live.metadata.name,
      namespace: live.metadata.namespace,
      resourceVersion: resourceVersion || live.metadata.resourceVersion,
      managedFields,
    },
  };
}

function fieldsOf({ served, applied }: ApplyRequest): FieldSet {
  return appliedFields(schemaOf(served.schema), ownable(applied));
}

function self({ served, context, time }: ApplyRequest): Omit<Manager, "fields"> {
  const { fieldManager: manager, subresource } = context;
  const apiVersion = apiVersionOf(served.resource);
  return { manager, operation: "Apply", apiVersion, subresource, time };
}

/** The live value with what is applied laid over it. */
function merge(node: SchemaNode, live: unknown, applied: unknown): unknown {
  if (live === undefined || isWhole(node)) return copyJson(applied);
  if (node.form === "list") return mergeList(node, live, applied);
  if (node.form === "scalar" || !isJsonObject(live) || !isJsonObject(applied)) {
    return copyJson(applied);
  }
  const merged: JsonObject = { ...live };
  for (const [field, value] of Object.entries(applied)) {
    const child = node.form === "map" ? node.value : node.fields.get(field);
    if (child) merged[field] = merge(child, live[field], value);
  }
  return merged;
}

function mergeList(
  node: Extract<SchemaNode, { form: "list" }>,
  live: unknown,
  applied: unknown,
): unknown {
  if (!Array.isArray(live) || !Array.isArray(applied)) return copyJson(applied);
  const before = childrenOf(node, live) ?? new Map<string, never>();
  const wanted = childrenOf(node, applied) ?? new Map<string, never>();
  // Items keep the order in which they are applied; items of others stay where they were among them.
  const merged = [...before].map(([element, { value }]) => {
    const over = wanted.get(element);
    return over ? merge(node.item, value, over.value) : value;
  });
  for (const [element, { value }] of wanted) {
    if (!before.has(element)) merged.push(copyJson(value));
  }
  return merged;
}

/** Takes away the fields in `gone`, but nothing that has something in `kept` below it. */
function prune(node: SchemaNode, value: unknown, gone: FieldSet, kept: FieldSet): unknown {
  if (gone.children.size === 0) return value;
  if (node.form === "list") {
    if (!Array.isArray(value)) return value;
    const elementOf = (item: unknown): string =>
      node.merge.type === "set" ? `v:${JSON.stringify(item)}` : keyElement(node.merge.keys, item);
    return value.flatMap((item: unknown) => {
      const element = elementOf(item);
      const below = pruneChild(
        node.item,
        item,
        gone.children.get(element),
        kept.children.get(element),
      );
      return below === undefined ? [] : [below];
    });
  }
  if (node.form === "scalar" || !isJsonObject(value)) return value;
  const pruned: JsonObject = {};
  for (const [field, item] of Object.entries(value)) {
    const child = node.form === "map" ? node.value : node.fields.get(field);
    const element = `f:${field}`;
    const [lost, still] = [gone.children.get(element), kept.children.get(element)];
    // structured-merge-diff: who owned a part of a named field and gives it up takes all of it along, defaults too.
    const abandoned =
      node.form !== "map" && lost && !isEmptySet(lost) && (!still || isEmptySet(still));
    if (abandoned) continue;
    const below = child ? pruneChild(child, item, lost, still) : item;
    if (below !== undefined) pruned[field] = below;
  }
  return pruned;
}

function pruneChild(
  node: SchemaNode,
  value: unknown,
  gone: FieldSet | undefined,
  kept: FieldSet | undefined,
): unknown {
  if (!gone) return value;
  if (gone.member && (!kept || isEmptySet(kept))) return undefined;
  const pruned = prune(node, value, gone, kept ?? emptySet);
  const emptied = isJsonObject(pruned) && Object.keys(pruned).length === 0;
  return emptied && (!kept || isEmptySet(kept)) ? undefined : pruned;
}

/** Fields of others that the apply would change: the same field, or one above or below it. */
function clash(theirs: FieldSet, taken: FieldSet): FieldSet {
  return intersection(theirs, taken);
}

function conflictError(conflicts: readonly Manager[], taken: FieldSet): StatusError {
  const found = conflicts.flatMap((one) =>
    pathsOf(clash(one.fields, taken)).map((field) => ({ manager: managerText(one), field })),
  );
  const causes = found.map(({ manager, field }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${manager}`,
    field,
  }));
  const count = `${found.length} conflict${found.length === 1 ? "" : "s"}`;
  return new StatusError(409, "Conflict", `Apply failed with ${count}: ${conflictText(found)}`, {
    causes,
  });
}

function conflictText(found: readonly { manager: string; field: string }[]): string {
  const [first] = found;
  if (found.length === 1 && first) return `conflict with ${first.manager}: ${first.field}`;
  const managers = [...new Set(found.map(({ manager }) => manager))].toSorted();
  return managers
    .map((manager) => {
      const fields = found.filter((one) => one.manager === manager).map(({ field }) => field);
      return `conflicts with ${manager}:\n${fields.map((field) => `- ${field}`).join("\n")}`;
    })
    .join("\n");
}

function managerText({ manager, operation, apiVersion, subresource }: Manager): string {
  const part = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  const using = operation === "Update" ? ` using ${apiVersion}` : "";
  return `${JSON.stringify(manager)}${part}${using}`;
}
