import { replicaSets } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** ReplicaSet. */
export const replicaSetKind = defineKind({
  resource: replicaSets,
  singular: "replicaset",
  shortNames: ["rs"],
  categories: ["all"],
  schema: "ReplicaSet",
  status: true,
  generation: "spec",
  scale: true,
  selectable: ({ status }) => ({ "status.replicas": String(status?.replicas ?? 0) }),
});
