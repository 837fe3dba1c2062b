import type { ControllerRevision } from "kubernetes-types/apps/v1";
import type { Resource } from "../../resource.ts";
import { defineKind } from "./kind.ts";

const controllerRevisions: Resource<ControllerRevision> = {
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  namespaced: true,
};

/** ControllerRevision: the history of StatefulSets and DaemonSets. */
export const controllerRevisionKind = defineKind({
  resource: controllerRevisions,
  singular: "controllerrevision",
  schema: "ControllerRevision",
});
