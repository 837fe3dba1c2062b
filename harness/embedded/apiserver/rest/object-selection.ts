import type { ListOptions } from "../../client.ts";
import type { Kind } from "../kinds/kind.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import { parseFieldSelector, parseLabelSelector } from "./selectors.ts";

/** Whether an object is among those asked for, by namespace, labels and fields. */
export function createSelection(kind: Kind, options: ListOptions): (object: ApiObject) => boolean {
  const { namespace, labelSelector, fieldSelector } = options;
  const labelsMatch = labelSelector ? parseLabelSelector(labelSelector) : undefined;
  const fieldsMatch = fieldSelector ? parseFieldSelector(fieldSelector) : undefined;
  // An unknown field is an error even where there is nothing to select from.
  fieldsMatch?.(fieldsOf(kind, { metadata: {} }));
  return (object) => {
    if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
    if (labelsMatch && !labelsMatch(object.metadata.labels)) return false;
    return !fieldsMatch || fieldsMatch(fieldsOf(kind, object));
  };
}

function fieldsOf(kind: Kind, object: ApiObject): Readonly<Record<string, string>> {
  const { name = "", namespace = "" } = object.metadata;
  return {
    ...kind.selectable?.(object),
    "metadata.name": name,
    ...(kind.resource.namespaced ? { "metadata.namespace": namespace } : {}),
  };
}
