import type { ListOptions } from "../../client.ts";
import type { Kind } from "../kinds/kind.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import { schemaOf } from "../schema/schema.ts";
import { parseFieldSelector } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";

/** Whether an object is among those asked for, by namespace, labels and fields. */
export function createSelection(kind: Kind, options: ListOptions): (object: ApiObject) => boolean {
  const { namespace, labelSelector, fieldSelector } = options;
  const labelsMatch = labelSelector ? parseLabelSelector(labelSelector) : undefined;
  const fieldsMatch = fieldSelector
    ? parseFieldSelector(fieldSelector, (field) => unsupported(kind, field))
    : undefined;
  // An unknown field is an error even where there is nothing to select from.
  fieldsMatch?.(fieldsOf(kind, { metadata: {} }));
  return (object) => {
    if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
    if (labelsMatch && !labelsMatch(object.metadata.labels)) return false;
    return !fieldsMatch || fieldsMatch(fieldsOf(kind, object));
  };
}

/** Kinds without fields of their own are told apart by the words. */
function unsupported(kind: Kind, field: string): string {
  if (kind.selectable || schemaOf(kind.schema).custom) return `field label not supported: ${field}`;
  const known = 'only "metadata.name", "metadata.namespace"';
  return `${JSON.stringify(field)} is not a known field selector: ${known}`;
}

function fieldsOf(kind: Kind, object: ApiObject): Readonly<Record<string, string>> {
  const { name = "", namespace = "" } = object.metadata;
  return {
    ...kind.selectable?.(object),
    "metadata.name": name,
    ...(kind.resource.namespaced ? { "metadata.namespace": namespace } : {}),
  };
}
