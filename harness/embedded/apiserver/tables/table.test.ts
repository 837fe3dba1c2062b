import { describe, expect, test } from "vitest";
import { goldenJson } from "../golden.fixture.ts";
import { allKinds } from "../kinds/all-kinds.ts";
import { ServedKinds } from "../rest/served-kinds.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import { toTable } from "./table.ts";

interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly priority: number;
}

interface Table {
  readonly columnDefinitions: readonly Column[];
  readonly rows: readonly { readonly cells: readonly (string | number)[] }[];
}

const kinds = new ServedKinds(allKinds).all();
const recorded = [
  "configmaps",
  "daemonsets",
  "deployments",
  "endpoints",
  "endpointslices",
  "events",
  "ingressclasses",
  "ingresses",
  "jobs",
  "namespaces",
  "nodes",
  "pods",
  "replicasets",
  "secrets",
  "services",
  "statefulsets",
];

function tableOf(plural: string, objects: readonly ApiObject[], nowMs: number): Table {
  const served = kinds.find(({ resource }) => resource.plural === plural);
  if (!served) throw new Error(`${plural} is not served`);
  return toTable(served, objects, { includeObject: "None", nowMs, metadata: {} }) as Table;
}

const shape = ({ name, type, format, priority }: Column) => ({ name, type, format, priority });

test.each(recorded)("%s have the columns that Kubernetes prints", (plural) => {
  const { columnDefinitions } = goldenJson(`table/${plural}.json`) as Table;
  expect(tableOf(plural, [], 0).columnDefinitions.map(shape)).toEqual(columnDefinitions.map(shape));
});

describe("cells are what Kubernetes printed of the same objects", () => {
  const rows = goldenJson("table/rows.json") as Record<
    string,
    { object: ApiObject; cells: (string | number)[] }[]
  >;
  test.each(Object.entries(rows))("%s", (plural, examples) => {
    for (const { object, cells } of examples) {
      const now = recordedAt(plural, object, cells);
      expect(tableOf(plural, [object], now).rows[0]?.cells).toEqual(cells);
    }
  });
});

/** The moment of the recording, told by an age among the cells. */
function recordedAt(
  plural: string,
  object: ApiObject,
  cells: readonly (string | number)[],
): number {
  const isEvent = plural === "events";
  const age = cells.findLast((cell) => /^\d+s$/.test(String(cell)));
  const { firstTimestamp, eventTime } = object as { firstTimestamp?: string; eventTime?: string };
  const since = isEvent ? (firstTimestamp ?? eventTime) : object.metadata.creationTimestamp;
  return Date.parse(since ?? "") + Number.parseInt(String(age), 10) * 1000;
}
