import { replicaSets } from "../../resources.ts";
import { setPodSpecDefaults } from "../defaults/pod-spec-defaults.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { containerColumns, selectorColumn } from "../tables/workload-columns.ts";
import { checkNotNegative } from "../validation/numbers.ts";
import { checkImmutable, validateWorkload } from "../validation/workload.ts";
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
  prepareCreate(replicaSet) {
    replicaSet.status = { replicas: 0 };
  },
  setDefaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    if (spec.template?.spec) setPodSpecDefaults(spec.template.spec);
  },
  validate({ spec }, errors, old) {
    validateWorkload(spec, errors);
    checkNotNegative("spec.replicas", spec?.replicas, errors);
    checkNotNegative("spec.minReadySeconds", spec?.minReadySeconds, errors);
    if (old) checkImmutable("spec.selector", spec?.selector, old.spec?.selector, errors);
  },
  selectable: ({ status }) => ({ "status.replicas": String(status?.replicas ?? 0) }),
  columns: [
    nameColumn,
    { name: "Desired", type: "integer", cell: ({ spec }) => spec?.replicas ?? 0 },
    { name: "Current", type: "integer", cell: ({ status }) => status?.replicas ?? 0 },
    { name: "Ready", type: "integer", cell: ({ status }) => status?.readyReplicas ?? 0 },
    ageColumn,
    ...containerColumns,
    selectorColumn,
  ],
});
