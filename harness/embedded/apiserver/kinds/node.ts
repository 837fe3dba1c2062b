import { nodes } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** Node. */
export const nodeKind = defineKind({
  resource: nodes,
  singular: "node",
  shortNames: ["no"],
  schema: "Node",
  status: true,
});
