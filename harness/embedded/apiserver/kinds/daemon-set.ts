import { daemonSets } from "../../resources.ts";
import { setPodSpecDefaults } from "../defaults/pod-spec-defaults.ts";
import { equalJson } from "../storage/stored-object.ts";
import { ageColumn, labelsText, nameColumn } from "../tables/cells.ts";
import { containerColumns, selectorColumn } from "../tables/workload-columns.ts";
import { checkImmutable, validateWorkload } from "../validation/workload.ts";
import { defineKind } from "./kind.ts";

const generationAnnotation = "deprecated.daemonset.template.generation";

/** DaemonSet. */
export const daemonSetKind = defineKind({
  resource: daemonSets,
  singular: "daemonset",
  shortNames: ["ds"],
  categories: ["all"],
  schema: "DaemonSet",
  status: true,
  generation: "spec",
  prepareCreate(set) {
    set.metadata = {
      ...set.metadata,
      annotations: { ...set.metadata?.annotations, [generationAnnotation]: "1" },
    };
    set.status = {
      currentNumberScheduled: 0,
      desiredNumberScheduled: 0,
      numberMisscheduled: 0,
      numberReady: 0,
    };
  },
  // Kubernetes: the server counts the templates, whatever a write says.
  prepareUpdate(set, old) {
    // Defaults come before the comparison: a template that leaves them out is the same.
    if (set.spec?.template?.spec) setPodSpecDefaults(set.spec.template.spec);
    const before = Number(old.metadata?.annotations?.[generationAnnotation] ?? 0);
    const kept = equalJson(set.spec?.template, old.spec?.template);
    set.metadata = {
      ...set.metadata,
      annotations: {
        ...set.metadata?.annotations,
        [generationAnnotation]: String(kept ? before : before + 1),
      },
    };
  },
  setDefaults({ spec }) {
    if (!spec) return;
    spec.revisionHistoryLimit ??= 10;
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    }
    if (spec.template?.spec) setPodSpecDefaults(spec.template.spec);
  },
  validate({ spec }, errors, old) {
    validateWorkload(spec, errors, "daemonset");
    if (old) checkImmutable("spec.selector", spec?.selector, old.spec?.selector, errors);
  },
  columns: [
    nameColumn,
    {
      name: "Desired",
      type: "integer",
      cell: ({ status }) => status?.desiredNumberScheduled ?? 0,
    },
    {
      name: "Current",
      type: "integer",
      cell: ({ status }) => status?.currentNumberScheduled ?? 0,
    },
    { name: "Ready", type: "integer", cell: ({ status }) => status?.numberReady ?? 0 },
    {
      name: "Up-to-date",
      type: "integer",
      cell: ({ status }) => status?.updatedNumberScheduled ?? 0,
    },
    { name: "Available", type: "integer", cell: ({ status }) => status?.numberAvailable ?? 0 },
    {
      name: "Node Selector",
      type: "string",
      cell: ({ spec }) => labelsText(spec?.template?.spec?.nodeSelector),
    },
    ageColumn,
    ...containerColumns,
    selectorColumn,
  ],
});
