import type { PodTemplateSpec } from "kubernetes-types/core/v1";
import type { LabelSelector } from "kubernetes-types/meta/v1";
import type { KubeObject } from "../../resource.ts";
import type { Column } from "../kinds/kind.ts";

/** A workload as its wide columns see it. */
interface Workload extends KubeObject {
  readonly spec?: { readonly template?: PodTemplateSpec; readonly selector?: LabelSelector };
}

/** Containers and images, for -o wide. */
export const containerColumns: readonly Column<Workload>[] = [
  {
    name: "Containers",
    type: "string",
    priority: 1,
    cell: (object) => containerList(object, ({ name }) => name),
  },
  {
    name: "Images",
    type: "string",
    priority: 1,
    cell: (object) => containerList(object, ({ image }) => image ?? ""),
  },
];

/** The selector, for -o wide. */
export const selectorColumn: Column<Workload> = {
  name: "Selector",
  type: "string",
  priority: 1,
  cell: ({ spec }) => selectorText(spec?.selector),
};

function containerList(
  { spec }: Workload,
  pick: (container: { name: string; image?: string }) => string,
): string {
  return (spec?.template?.spec?.containers ?? []).map(pick).join(",");
}

/** A selector as kubectl writes it. */
export function selectorText(selector: LabelSelector | undefined): string {
  const equal = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }));
  const others = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => ({
    key,
    text: expressionText(key, operator, values),
  }));
  const all = [...equal, ...others].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return all.length === 0 ? "<none>" : all.map(({ text }) => text).join(",");
}

function expressionText(key: string, operator: string, values: readonly string[]): string {
  if (operator === "Exists") return key;
  if (operator === "DoesNotExist") return `!${key}`;
  const list = values.toSorted().join(",");
  return `${key} ${operator === "In" ? "in" : "notin"} (${list})`;
}
