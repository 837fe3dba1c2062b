import type { Container, EnvVarSource, Probe } from "kubernetes-types/core/v1";
import type { FieldErrors } from "../errors/field-errors.ts";
import { compareQuantities } from "../schema/quantity.ts";
import { checkName, isDnsLabel } from "./names.ts";
import {
  checkNotNegative,
  checkOneOf,
  checkPort,
  checkPortOrName,
  portNameProblems,
} from "./numbers.ts";

/** What a container's surroundings are. */
export interface ContainerPlace {
  /** Names of the pod's volumes. */
  readonly volumes: ReadonlySet<string>;
  /** Names of containers seen so far; this one's is added. */
  readonly names: Set<string>;
  readonly isInit: boolean;
}

/** Checks one container. */
export function validateContainer(
  path: string,
  container: Container,
  place: ContainerPlace,
  errors: FieldErrors,
): void {
  const { name, image } = container;
  if (!name) errors.required(`${path}.name`);
  else if (!isDnsLabel(name)) checkName("label", `${path}.name`, name, errors);
  if (place.names.has(name)) errors.duplicate(`${path}.name`, name);
  place.names.add(name);
  if (!image) errors.required(`${path}.image`);
  else if (image !== image.trim()) {
    errors.invalid(`${path}.image`, image, "must not have leading or trailing whitespace");
  }
  validateLifecycle(path, container, errors);
  validateProbes(path, container, place, errors);
  validatePorts(path, container, errors);
  validateEnvironment(path, container, errors);
  validateBulkEnvironment(path, container, errors);
  validateMounts(path, container, place, errors);
  const policies = ["Always", "IfNotPresent", "Never"];
  checkOneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, policies, errors);
  validateResources(path, container, errors);
}

function validatePorts(path: string, { ports = [] }: Container, errors: FieldErrors): void {
  const names = new Set<string>();
  for (const [index, { name, containerPort, protocol }] of ports.entries()) {
    const at = `${path}.ports[${index}]`;
    if (name) {
      for (const problem of portNameProblems(name)) errors.invalid(`${at}.name`, name, problem);
      if (names.has(name)) errors.duplicate(`${at}.name`, name);
      names.add(name);
    }
    if (!containerPort) errors.required(`${at}.containerPort`);
    else checkPort(`${at}.containerPort`, containerPort, errors);
    checkOneOf(`${at}.protocol`, protocol, ["SCTP", "TCP", "UDP"], errors);
  }
}

function validateEnvironment(path: string, { env = [] }: Container, errors: FieldErrors): void {
  for (const [index, { name, value, valueFrom }] of env.entries()) {
    const at = `${path}.env[${index}]`;
    if (!name) errors.required(`${at}.name`);
    else if (name.includes("=")) {
      const rule =
        "a valid environment variable name must consist only of printable ASCII characters other than '='";
      errors.invalid(`${at}.name`, name, rule);
    }
    if (!valueFrom) continue;
    validateSource(`${at}.valueFrom`, valueFrom, errors);
    const sources = Object.keys(valueFrom).length;
    if (value) {
      errors.invalid(`${at}.valueFrom`, "", "may not be specified when `value` is not empty");
    }
    if (sources === 0) {
      const kinds = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
      errors.invalid(`${at}.valueFrom`, "", `must specify one of: ${kinds}`);
    } else if (sources > 1) {
      errors.invalid(`${at}.valueFrom`, "", "may not have more than one field specified at a time");
    }
  }
}

function validateSource(at: string, source: EnvVarSource, errors: FieldErrors): void {
  const { fieldRef } = source;
  if (fieldRef) {
    const { fieldPath } = fieldRef;
    if (!fieldPath) errors.required(`${at}.fieldRef.fieldPath`);
    else if (!isFieldPath.test(fieldPath)) {
      const why = `error converting fieldPath: field label not supported: ${fieldPath}`;
      errors.invalid(`${at}.fieldRef.fieldPath`, fieldPath, why);
    }
  }
  for (const field of ["configMapKeyRef", "secretKeyRef"] as const) {
    const reference = source[field];
    if (!reference) continue;
    if (!reference.name) errors.required(`${at}.${field}.name`);
    if (!reference.key) errors.required(`${at}.${field}.key`);
  }
}

const isFieldPath =
  /^(metadata\.(name|namespace|uid|(labels|annotations)(\['.+'\])?)|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$/;

function validateBulkEnvironment(
  path: string,
  { envFrom = [] }: Container,
  errors: FieldErrors,
): void {
  for (const [index, source] of envFrom.entries()) {
    const at = `${path}.envFrom[${index}]`;
    const fields = (["configMapRef", "secretRef"] as const).filter((field) => source[field]);
    for (const field of fields) {
      if (!source[field]?.name) errors.required(`${at}.${field}.name`);
    }
    if (fields.length === 0) {
      errors.invalid(at, "", "must specify one of: `configMapRef` or `secretRef`");
    } else if (fields.length > 1) {
      errors.invalid(at, "", "may not have more than one field specified at a time");
    }
  }
}

function validateLifecycle(path: string, { lifecycle }: Container, errors: FieldErrors): void {
  for (const hook of ["postStart", "preStop"] as const) {
    const handler = lifecycle?.[hook];
    if (handler && Object.keys(handler).length === 0) {
      errors.required(`${path}.lifecycle.${hook}`, "must specify a handler type");
    }
  }
}

function validateMounts(
  path: string,
  { volumeMounts = [] }: Container,
  { volumes }: ContainerPlace,
  errors: FieldErrors,
): void {
  const paths = new Set<string>();
  for (const [index, { name, mountPath, subPath }] of volumeMounts.entries()) {
    const at = `${path}.volumeMounts[${index}]`;
    if (!name) errors.required(`${at}.name`);
    else if (!volumes.has(name)) errors.notFound(`${at}.name`, name);
    if (!mountPath) errors.required(`${at}.mountPath`);
    if (paths.has(mountPath)) errors.invalid(`${at}.mountPath`, mountPath, "must be unique");
    paths.add(mountPath);
    if (subPath?.startsWith("/"))
      errors.invalid(`${at}.subPath`, subPath, "must be a relative path");
    if (subPath?.split("/").includes("..")) {
      errors.invalid(`${at}.subPath`, subPath, "must not contain '..'");
    }
  }
}

function validateProbes(
  path: string,
  container: Container,
  { isInit }: ContainerPlace,
  errors: FieldErrors,
): void {
  const isSidecar = container.restartPolicy === "Always";
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    const probe = container[name];
    if (!probe) continue;
    const at = `${path}.${name}`;
    if (isInit && !isSidecar) {
      errors.forbidden(at, "may not be set for init containers without restartPolicy=Always");
    } else validateProbe(at, probe, name !== "readinessProbe", errors);
  }
}

function validateProbe(at: string, probe: Probe, succeedsOnce: boolean, errors: FieldErrors): void {
  const handlers = (["exec", "grpc", "httpGet", "tcpSocket"] as const).filter((one) => probe[one]);
  if (handlers.length === 0) errors.required(at, "must specify a handler type");
  for (const extra of handlers.slice(1)) {
    errors.forbidden(`${at}.${extra}`, "may not specify more than 1 handler type");
  }
  if (probe.httpGet) {
    checkPortOrName(`${at}.httpGet.port`, probe.httpGet.port, errors);
    checkOneOf(`${at}.httpGet.scheme`, probe.httpGet.scheme, ["HTTP", "HTTPS"], errors);
  }
  if (probe.tcpSocket) checkPortOrName(`${at}.tcpSocket.port`, probe.tcpSocket.port, errors);
  if (probe.grpc) checkPort(`${at}.grpc.port`, probe.grpc.port, errors);
  if (probe.exec && (probe.exec.command ?? []).length === 0) errors.required(`${at}.exec.command`);
  for (const field of [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ] as const) {
    checkNotNegative(`${at}.${field}`, probe[field], errors);
  }
  validateProbeGrace(at, probe, succeedsOnce, errors);
  if (succeedsOnce && (probe.successThreshold ?? 1) > 1) {
    errors.invalid(`${at}.successThreshold`, probe.successThreshold, "must be 1");
  }
}

/** Only what can end a container may say how long that takes. */
function validateProbeGrace(
  at: string,
  { terminationGracePeriodSeconds: seconds }: Probe,
  canKill: boolean,
  errors: FieldErrors,
): void {
  if (seconds === undefined) return;
  const field = `${at}.terminationGracePeriodSeconds`;
  if (!canKill) errors.invalid(field, seconds, "must not be set for readinessProbes");
  else if (seconds <= 0) errors.invalid(field, seconds, "must be greater than 0");
}

const standardResource = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;

function validateQuantities(
  path: string,
  quantities: Readonly<Record<string, string>> | undefined,
  errors: FieldErrors,
): void {
  for (const [name, quantity] of Object.entries(quantities ?? {})) {
    const at = `${path}[${name}]`;
    if (!name.includes("/") && !standardResource.test(name)) {
      errors.invalid(at, name, "must be a standard resource type or fully qualified");
      errors.invalid(at, name, "must be a standard resource for containers");
    }
    if (quantity.startsWith("-")) {
      errors.invalid(at, quantity, "must be greater than or equal to 0");
    }
  }
}

function validateResources(path: string, { resources }: Container, errors: FieldErrors): void {
  validateQuantities(`${path}.resources.limits`, resources?.limits, errors);
  validateQuantities(`${path}.resources.requests`, resources?.requests, errors);
  for (const [name, request] of Object.entries(resources?.requests ?? {})) {
    const limit = resources?.limits?.[name];
    if (limit === undefined || compareQuantities(request, limit) <= 0) continue;
    const rule = `must be less than or equal to ${name} limit of ${limit}`;
    errors.invalid(`${path}.resources.requests`, request, rule);
  }
}
