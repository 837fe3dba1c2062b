import type { Container, PodSpec } from "kubernetes-types/core/v1";
import type { FieldErrors } from "../errors/field-errors.ts";
import { validateContainer } from "./container.ts";
import { checkLabels, checkName, isDnsLabel } from "./names.ts";
import { checkOneOf } from "./numbers.ts";
import { validatePodDns } from "./pod-dns.ts";
import { validatePodPlacement } from "./pod-placement.ts";
import { refuseUnsupported } from "./unsupported-fields.ts";
import { validateVolumes } from "./volumes.ts";

/** Checks a pod's spec, or a template's at `path`. */
export function validatePodSpec(
  path: string,
  spec: PodSpec | undefined,
  errors: FieldErrors,
): void {
  const containers: readonly Container[] = spec?.containers ?? [];
  const volumes = validateVolumes(`${path}.volumes`, spec?.volumes ?? [], errors);
  if (containers.length === 0) errors.required(`${path}.containers`);
  if (!spec) return;
  const names = new Set<string>();
  for (const [list, isInit] of [
    ["containers", false],
    ["initContainers", true],
  ] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      const place = `${path}.${list}[${index}]`;
      validateContainer(place, container, { volumes, names, isInit }, errors);
    }
  }
  checkOneOf(`${path}.restartPolicy`, spec.restartPolicy, ["Always", "OnFailure", "Never"], errors);
  const policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
  checkOneOf(`${path}.dnsPolicy`, spec.dnsPolicy, policies, errors);
  const { activeDeadlineSeconds: deadline } = spec;
  if (deadline !== undefined && (deadline < 1 || deadline > 2_147_483_647)) {
    const why = "must be between 1 and 2147483647, inclusive";
    errors.invalid(`${path}.activeDeadlineSeconds`, deadline, why);
  }
  checkLabels(`${path}.nodeSelector`, spec.nodeSelector, errors);
  if (spec.serviceAccountName) {
    checkName("subdomain", `${path}.serviceAccountName`, spec.serviceAccountName, errors);
  }
  for (const field of ["hostname", "subdomain"] as const) {
    const value = spec[field];
    if (value && !isDnsLabel(value)) checkName("label", `${path}.${field}`, value, errors);
  }
  validatePodPlacement(path, spec, errors);
  validatePodDns(path, spec, errors);
  refuseUnsupported(path, spec, errors);
}
