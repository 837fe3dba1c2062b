import { daemonSets } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** DaemonSet. */
export const daemonSetKind = defineKind({
  resource: daemonSets,
  singular: "daemonset",
  shortNames: ["ds"],
  categories: ["all"],
  schema: "DaemonSet",
  status: true,
  generation: "spec",
});
