import type { ManagedFieldsEntry } from "kubernetes-types/meta/v1";
import type { Clock } from "../../../time/clock.ts";
import { apiVersionOf } from "../../resource.ts";
import type { FieldOwnership } from "../rest/field-ownership.ts";
import type { RequestContext } from "../rest/request-context.ts";
import { fromStored, type ServedKind } from "../rest/served-kinds.ts";
import { schemaOf } from "../schema/schema.ts";
import { toTimestamp } from "../storage/object-metadata.ts";
import type { ApiObject, JsonObject } from "../storage/stored-object.ts";
import { changedFields, ownable, removedFields } from "./compare-fields.ts";
import {
  emptySet,
  type FieldSet,
  isEmptySet,
  parseFieldsV1,
  toFieldsV1,
  union,
  withoutBranches,
} from "./field-set.ts";

/** Who owns which fields, and how they came to. */
export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string;
  readonly fields: FieldSet;
}

/** Reads metadata.managedFields. */
export function parseManagers(entries: readonly ManagedFieldsEntry[] | undefined): Manager[] {
  return (entries ?? []).map((entry) => ({
    manager: entry.manager ?? "",
    operation: entry.operation === "Apply" ? "Apply" : "Update",
    apiVersion: entry.apiVersion ?? "",
    subresource: (entry as JsonObject).subresource?.toString() ?? "",
    time: entry.time ?? "",
    fields: parseFieldsV1(entry.fieldsV1),
  }));
}

/** Writes metadata.managedFields: who applies first, then by time and name; who owns nothing is left out. */
export function toManagedFields(managers: readonly Manager[]): ManagedFieldsEntry[] {
  return managers
    .filter(({ fields }) => !isEmptySet(fields))
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
    .map(({ manager, operation, apiVersion, time, fields, subresource }) => ({
      manager,
      operation,
      apiVersion,
      time,
      fieldsType: "FieldsV1",
      fieldsV1: toFieldsV1(fields),
      ...(subresource === "" ? {} : { subresource }),
    }));
}

function sortKey({ operation, time, manager }: Manager): string {
  return `${operation} ${time} ${manager}`;
}

/** Notes what ordinary writes change: their manager owns it from then on, and nobody else. */
export function createFieldOwnership(clock: Clock): FieldOwnership {
  return {
    record(served, object, previous, context) {
      const schema = schemaOf(served.schema);
      const next = ownable(fromServed(served, object));
      const old = previous && ownable(fromStored(served, previous));
      const changed = changedFields(schema, old ?? {}, next);
      const removed = old ? removedFields(schema, old, next) : emptySet;
      const before = previous?.metadata.managedFields;
      if (isEmptySet(changed) && isEmptySet(removed)) {
        if (before) object.metadata.managedFields = before;
        else delete object.metadata.managedFields;
        return;
      }
      const time = toTimestamp(clock.now());
      const managers = owned(served, parseManagers(before), { changed, removed, time, context });
      object.metadata.managedFields = toManagedFields(managers);
    },
  };
}

function fromServed(served: ServedKind, object: ApiObject): ApiObject {
  return served.version?.fromStored?.(object) ?? object;
}

interface Change {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
  readonly time: string;
  readonly context: RequestContext;
}

function owned(served: ServedKind, managers: readonly Manager[], change: Change): Manager[] {
  const { changed, removed, time, context } = change;
  const { fieldManager: manager, subresource } = context;
  const apiVersion = apiVersionOf(served.resource);
  const isSelf = (other: Manager): boolean =>
    other.operation === "Update" &&
    other.manager === manager &&
    other.apiVersion === apiVersion &&
    other.subresource === subresource;
  const self = managers.find(isSelf);
  const others = managers
    .filter((other) => !isSelf(other))
    .map((other) => ({
      ...other,
      fields: withoutBranches(withoutBranches(other.fields, changed), removed),
    }));
  const fields = withoutBranches(union(self?.fields ?? emptySet, changed), removed);
  const operation = "Update";
  return [...others, { manager, operation, apiVersion, subresource, time, fields }];
}
