import type { KubeObject } from "../../resource.ts";
import type { Column } from "../kinds/kind.ts";
import { isJsonObject } from "../storage/stored-object.ts";

/** A column as a custom resource's definition declares it: the value at a path, lists as JSON. */
export function jsonPathColumn(
  name: string,
  path: string,
  priority: 0 | 1 = 0,
): Column<KubeObject> {
  const fields = path.split(".");
  return {
    name,
    type: "string",
    priority,
    cell: (object) => {
      let value: unknown = object;
      for (const field of fields) value = isJsonObject(value) ? value[field] : undefined;
      if (value === undefined || value === null) return "";
      return typeof value === "string" ? value : JSON.stringify(value);
    },
  };
}

/** A column that shows the status of a condition. */
export function conditionColumn(name: string, type: string): Column<KubeObject> {
  return {
    name,
    type: "string",
    cell: (object) => {
      const { status } = object as { status?: { conditions?: { type: string; status: string }[] } };
      return status?.conditions?.find((condition) => condition.type === type)?.status ?? "";
    },
  };
}
