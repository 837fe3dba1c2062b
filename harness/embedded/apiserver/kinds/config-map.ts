import { configMaps } from "../../resources.ts";
import { equalJson } from "../storage/stored-object.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { validateDataKeys } from "../validation/data-keys.ts";
import { defineKind } from "./kind.ts";

/** ConfigMap. */
export const configMapKind = defineKind({
  resource: configMaps,
  singular: "configmap",
  shortNames: ["cm"],
  schema: "ConfigMap",
  validate(map, errors, old) {
    validateDataKeys("data", map.data, errors);
    validateDataKeys("binaryData", map.binaryData, errors);
    for (const key of Object.keys(map.binaryData ?? {})) {
      if (map.data?.[key] !== undefined) {
        errors.invalid(`data[${key}]`, key, "duplicate of key present in binaryData");
      }
    }
    if (!old?.immutable) return;
    const rule = "field is immutable when `immutable` is set";
    if (!map.immutable) errors.forbidden("immutable", rule);
    if (!equalJson(map.data, old.data)) errors.forbidden("data", rule);
    if (!equalJson(map.binaryData, old.binaryData)) errors.forbidden("binaryData", rule);
  },
  columns: [
    nameColumn,
    {
      name: "Data",
      type: "string",
      cell: ({ data, binaryData }) =>
        Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    },
    ageColumn,
  ],
});
