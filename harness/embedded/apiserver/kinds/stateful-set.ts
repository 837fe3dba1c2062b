import { statefulSets } from "../../resources.ts";
import { setPodSpecDefaults } from "../defaults/pod-spec-defaults.ts";
import { equalJson } from "../storage/stored-object.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { containerColumns } from "../tables/workload-columns.ts";
import { checkNotNegative } from "../validation/numbers.ts";
import { validateWorkload } from "../validation/workload.ts";
import { defineKind } from "./kind.ts";

const changeable =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/** StatefulSet, without volume claims: the embedded cluster has no storage to claim. */
export const statefulSetKind = defineKind({
  resource: statefulSets,
  singular: "statefulset",
  shortNames: ["sts"],
  categories: ["all"],
  schema: "StatefulSet",
  status: true,
  generation: "spec",
  scale: true,
  prepareCreate(set) {
    set.status = { replicas: 0, availableReplicas: 0 };
  },
  setDefaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.podManagementPolicy ??= "OrderedReady";
    spec.persistentVolumeClaimRetentionPolicy ??= { whenDeleted: "Retain", whenScaled: "Retain" };
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.partition ??= 0;
    }
    if (spec.template?.spec) setPodSpecDefaults(spec.template.spec);
  },
  validate({ spec }, errors, old) {
    validateWorkload(spec, errors, "statefulset");
    checkNotNegative("spec.replicas", spec?.replicas, errors);
    const policy = spec?.podManagementPolicy;
    if (policy !== undefined && policy !== "OrderedReady" && policy !== "Parallel") {
      const why = "must be 'OrderedReady' or 'Parallel'";
      errors.invalid("spec.podManagementPolicy", policy, why);
    }
    const type = spec?.updateStrategy?.type;
    if (type !== undefined && type !== "RollingUpdate" && type !== "OnDelete") {
      const why = "must be 'RollingUpdate' or 'OnDelete'";
      errors.invalid("spec.updateStrategy", spec?.updateStrategy, why);
    }
    if ((spec?.volumeClaimTemplates ?? []).length > 0) {
      const why = "the embedded cluster has no persistent storage; use emptyDir";
      errors.forbidden("spec.volumeClaimTemplates", why);
    }
    if (!old?.spec || !spec) return;
    const { selector, serviceName, podManagementPolicy } = spec;
    const before = old.spec;
    const fixed = { selector, serviceName, podManagementPolicy };
    const wasFixed = {
      selector: before.selector,
      serviceName: before.serviceName,
      podManagementPolicy: before.podManagementPolicy,
    };
    if (!equalJson(fixed, wasFixed)) errors.forbidden("spec", changeable);
  },
  columns: [
    nameColumn,
    {
      name: "Ready",
      type: "string",
      cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    },
    ageColumn,
    ...containerColumns,
  ],
});
