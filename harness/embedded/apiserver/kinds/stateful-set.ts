import { statefulSets } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** StatefulSet. */
export const statefulSetKind = defineKind({
  resource: statefulSets,
  singular: "statefulset",
  shortNames: ["sts"],
  categories: ["all"],
  schema: "StatefulSet",
  status: true,
  generation: "spec",
  scale: true,
});
