import type { PodSpec } from "kubernetes-types/core/v1";
import type { FieldErrors } from "../errors/field-errors.ts";
import { containersOf } from "../defaults/pod-spec-defaults.ts";
import type { JsonObject } from "../storage/stored-object.ts";

const ownNetwork = "pods of the embedded cluster always have a network of their own";
const noIsolation =
  "pods of the embedded cluster are ordinary processes and share no namespaces of the kernel";

/** Fields that would change how a pod runs, and why this cluster cannot honour them. */
const refusedWhenTrue: Readonly<Record<string, string>> = {
  hostNetwork: ownNetwork,
  hostPID: noIsolation,
  hostIPC: noIsolation,
  shareProcessNamespace: noIsolation,
};

const refusedWhenSet: Readonly<Record<string, string>> = {
  runtimeClassName: "the embedded cluster has one container runtime",
  ephemeralContainers: "the embedded cluster has no ephemeral containers",
  resourceClaims: "the embedded cluster has no devices to claim",
};

/** Refuses, by name, what the embedded cluster would otherwise have to ignore. */
export function refuseUnsupported(path: string, spec: PodSpec, errors: FieldErrors): void {
  const fields = spec as unknown as JsonObject;
  for (const [field, why] of Object.entries(refusedWhenTrue)) {
    if (fields[field] === true) errors.forbidden(`${path}.${field}`, why);
  }
  for (const [field, why] of Object.entries(refusedWhenSet)) {
    const value = fields[field];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    errors.forbidden(`${path}.${field}`, why);
  }
  const initCount = spec.initContainers?.length ?? 0;
  for (const [index, container] of containersOf(spec).entries()) {
    const isInit = index < initCount;
    const place = isInit ? `initContainers[${index}]` : `containers[${index - initCount}]`;
    const at = `${path}.${place}`;
    if (container.securityContext?.privileged) {
      errors.forbidden(`${at}.securityContext.privileged`, noIsolation);
    }
    if ((container.volumeDevices ?? []).length > 0) {
      errors.forbidden(`${at}.volumeDevices`, "the embedded cluster has no block devices");
    }
    for (const [portIndex, { hostPort }] of (container.ports ?? []).entries()) {
      if (hostPort) errors.forbidden(`${at}.ports[${portIndex}].hostPort`, ownNetwork);
    }
  }
}
