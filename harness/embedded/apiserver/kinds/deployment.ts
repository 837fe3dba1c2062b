import type { DeploymentSpec } from "kubernetes-types/apps/v1";
import { deployments } from "../../resources.ts";
import { setPodSpecDefaults } from "../defaults/pod-spec-defaults.ts";
import type { FieldErrors } from "../errors/field-errors.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { containerColumns, selectorColumn } from "../tables/workload-columns.ts";
import { checkNotNegative, checkOneOf } from "../validation/numbers.ts";
import { checkImmutable, validateWorkload } from "../validation/workload.ts";
import { defineKind } from "./kind.ts";

/** Deployment. */
export const deploymentKind = defineKind({
  resource: deployments,
  singular: "deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  schema: "Deployment",
  status: true,
  generation: "spec",
  scale: true,
  prepareCreate(deployment) {
    deployment.status = {};
  },
  setDefaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    spec.strategy ??= {};
    spec.strategy.type ??= "RollingUpdate";
    if (spec.strategy.type === "RollingUpdate") {
      spec.strategy.rollingUpdate ??= {};
      spec.strategy.rollingUpdate.maxSurge ??= "25%";
      spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
    }
    if (spec.template?.spec) setPodSpecDefaults(spec.template.spec);
  },
  validate({ spec }, errors, old) {
    validateWorkload(spec, errors);
    checkNotNegative("spec.replicas", spec?.replicas, errors);
    checkNotNegative("spec.minReadySeconds", spec?.minReadySeconds, errors);
    checkNotNegative("spec.revisionHistoryLimit", spec?.revisionHistoryLimit, errors);
    validateStrategy(spec?.strategy, errors);
    validateDeadline(spec, errors);
    if (old) checkImmutable("spec.selector", spec?.selector, old.spec?.selector, errors);
  },
  columns: [
    nameColumn,
    {
      name: "Ready",
      type: "string",
      cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    },
    { name: "Up-to-date", type: "string", cell: ({ status }) => status?.updatedReplicas ?? 0 },
    { name: "Available", type: "string", cell: ({ status }) => status?.availableReplicas ?? 0 },
    ageColumn,
    ...containerColumns,
    selectorColumn,
  ],
});

function validateStrategy(strategy: DeploymentSpec["strategy"], errors: FieldErrors): void {
  const path = "spec.strategy";
  if (!strategy) return;
  checkOneOf(`${path}.type`, strategy.type, ["Recreate", "RollingUpdate"], errors);
  const { rollingUpdate } = strategy;
  if (strategy.type === "Recreate" && rollingUpdate) {
    errors.forbidden(
      `${path}.rollingUpdate`,
      "may not be specified when strategy `type` is 'Recreate'",
    );
  }
  if (strategy.type !== "RollingUpdate" || !rollingUpdate) return;
  const { maxSurge, maxUnavailable } = rollingUpdate;
  validateShare(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, errors);
  validateShare(`${path}.rollingUpdate.maxSurge`, maxSurge, errors);
  if (isZero(maxSurge) && isZero(maxUnavailable)) {
    const rule = "may not be 0 when `maxSurge` is 0";
    errors.invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, rule);
  }
  if (typeof maxUnavailable === "string" && Number.parseInt(maxUnavailable, 10) > 100) {
    const rule = "must not be greater than 100%";
    errors.invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, rule);
  }
}

function validateShare(
  field: string,
  value: string | number | undefined,
  errors: FieldErrors,
): void {
  if (typeof value === "number") checkNotNegative(field, value, errors);
  else if (value !== undefined && !/^[0-9]+%$/.test(value)) {
    errors.invalid(
      field,
      value,
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    );
  }
}

function isZero(value: string | number | undefined): boolean {
  return value === 0 || value === "0%";
}

function validateDeadline(spec: DeploymentSpec | undefined, errors: FieldErrors): void {
  const deadline = spec?.progressDeadlineSeconds;
  if (deadline === undefined) return;
  checkNotNegative("spec.progressDeadlineSeconds", deadline, errors);
  if (deadline <= (spec?.minReadySeconds ?? 0)) {
    errors.invalid(
      "spec.progressDeadlineSeconds",
      deadline,
      "must be greater than minReadySeconds",
    );
  }
}
