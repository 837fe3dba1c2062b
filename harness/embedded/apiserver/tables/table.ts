import type { ServedKind } from "../rest/served-kinds.ts";
import { toStored } from "../rest/served-kinds.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import type { Column, Kind } from "../kinds/kind.ts";
import { ageColumn, nameColumn } from "./cells.ts";

/** What a table is made with. */
export interface TableOptions {
  /** None, Metadata or Object: what each row carries besides its cells. */
  readonly includeObject: string;
  readonly nowMs: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Objects as the Table that `kubectl get` prints. */
export function toTable(
  served: ServedKind,
  objects: readonly ApiObject[],
  options: TableOptions,
): object {
  return { ...toTableRows(served, objects, options), columnDefinitions: definitions(served.kind) };
}

/** One object as a Table that leaves out the columns' definitions. */
export function toTableRow(served: ServedKind, object: ApiObject, options: TableOptions): object {
  return { ...toTableRows(served, [object], options), columnDefinitions: null };
}

function toTableRows(
  served: ServedKind,
  objects: readonly ApiObject[],
  { includeObject, nowMs, metadata }: TableOptions,
): object {
  const columns = columnsOf(served.kind);
  const rows = objects.map((object) => {
    const stored = toStored(served, object);
    return {
      cells: columns.map(({ cell }) => cell(stored, nowMs)),
      object: rowObject(object, includeObject),
    };
  });
  return { kind: "Table", apiVersion: "meta.k8s.io/v1", metadata, columnDefinitions: [], rows };
}

function rowObject(object: ApiObject, includeObject: string): object | null {
  if (includeObject === "None") return null;
  if (includeObject === "Object") return object;
  const { metadata } = object;
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}

function definitions(kind: Kind): object[] {
  return columnsOf(kind).map(({ name, type, format = "", priority = 0 }) => ({
    name,
    type,
    format,
    description: "",
    priority,
  }));
}

function columnsOf(kind: Kind): readonly Column<ApiObject>[] {
  return kind.columns ?? [nameColumn, ageColumn];
}
