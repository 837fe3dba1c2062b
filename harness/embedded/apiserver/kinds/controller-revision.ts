import type { ControllerRevision } from "kubernetes-types/apps/v1";
import type { Resource } from "../../resource.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { checkImmutable } from "../validation/workload.ts";
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
  validate({ data }, errors, old) {
    if (old) checkImmutable("data", data, old.data, errors);
  },
  columns: [
    nameColumn,
    {
      name: "Controller",
      type: "string",
      cell: ({ metadata }) => {
        const owner = metadata?.ownerReferences?.find(({ controller }) => controller);
        if (!owner) return "<none>";
        const group = owner.apiVersion.split("/")[0] ?? "";
        return `${owner.kind.toLowerCase()}.${group}/${owner.name}`;
      },
    },
    { name: "Revision", type: "integer", cell: ({ revision }) => revision },
    ageColumn,
  ],
});
