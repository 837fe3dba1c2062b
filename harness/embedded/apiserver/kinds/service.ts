import type { Service, ServicePort, ServiceSpec } from "kubernetes-types/core/v1";
import { services } from "../../resources.ts";
import type { FieldErrors } from "../errors/field-errors.ts";
import { ageColumn, labelsText, nameColumn } from "../tables/cells.ts";
import { checkReachable } from "../validation/addresses.ts";
import { checkLabels, isDnsLabel, isDnsSubdomain } from "../validation/names.ts";
import { checkOneOf, checkPort, checkPortOrName } from "../validation/numbers.ts";
import { defineKind } from "./kind.ts";

/** Service. Its addresses and node ports are given out by admission. */
export const serviceKind = defineKind({
  resource: services,
  singular: "service",
  shortNames: ["svc"],
  categories: ["all"],
  schema: "Service",
  names: "service",
  status: true,
  answersDeleted: true,
  prepareCreate(service) {
    service.status = { loadBalancer: {} };
  },
  setDefaults({ spec }) {
    if (spec) setSpecDefaults(spec);
  },
  prepareUpdate({ spec }, old) {
    if (spec && old.spec) keepAllocations(spec, old.spec);
  },
  validate({ spec }, errors, old) {
    validateSpec(spec, errors);
    const was = old?.spec;
    if (!was?.clusterIP || was.type === "ExternalName" || spec?.type === "ExternalName") return;
    if (spec?.clusterIP !== was.clusterIP) {
      errors.invalid("spec.clusterIPs[0]", spec?.clusterIPs ?? [], "may not change once set");
    }
  },
  selectable: ({ spec }) => ({
    "spec.clusterIP": spec?.clusterIP ?? "",
    "spec.type": spec?.type ?? "",
  }),
  columns: [
    nameColumn,
    { name: "Type", type: "string", cell: ({ spec }) => spec?.type ?? "" },
    { name: "Cluster-IP", type: "string", cell: ({ spec }) => spec?.clusterIP || "<none>" },
    { name: "External-IP", type: "string", cell: externalAddress },
    { name: "Port(s)", type: "string", cell: ({ spec }) => portsText(spec?.ports ?? []) },
    ageColumn,
    {
      name: "Selector",
      type: "string",
      priority: 1,
      cell: ({ spec }) => labelsText(spec?.selector),
    },
  ],
});

function setSpecDefaults(spec: ServiceSpec): void {
  spec.sessionAffinity ||= "None";
  spec.type ||= "ClusterIP";
  if (spec.sessionAffinity === "ClientIP") {
    spec.sessionAffinityConfig ??= {};
    spec.sessionAffinityConfig.clientIP ??= {};
    spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= 10_800;
  } else delete spec.sessionAffinityConfig;
  for (const port of spec.ports ?? []) {
    port.protocol ||= "TCP";
    if (port.targetPort === undefined || port.targetPort === "" || port.targetPort === 0) {
      port.targetPort = port.port;
    }
  }
  if (spec.type === "ExternalName") return;
  spec.internalTrafficPolicy ??= "Cluster";
  spec.ipFamilies ??= ["IPv4"];
  spec.ipFamilyPolicy ??= "SingleStack";
  if (spec.type === "ClusterIP") return;
  spec.externalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
}

/** An update that leaves out what was allocated keeps it. */
function keepAllocations(spec: ServiceSpec, old: ServiceSpec): void {
  if (spec.type !== "LoadBalancer") delete spec.allocateLoadBalancerNodePorts;
  if (spec.type === "ExternalName") {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    delete spec.ipFamilies;
    delete spec.ipFamilyPolicy;
    dropNodePorts(spec);
    return;
  }
  if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  if ((spec.type ?? "ClusterIP") === "ClusterIP") {
    dropNodePorts(spec);
    return;
  }
  for (const port of spec.ports ?? []) {
    const before = old.ports?.find(
      (one) => one.port === port.port && one.protocol === (port.protocol ?? "TCP"),
    );
    if (!port.nodePort && before?.nodePort) port.nodePort = before.nodePort;
  }
}

function dropNodePorts(spec: ServiceSpec): void {
  for (const port of spec.ports ?? []) delete port.nodePort;
  delete spec.externalTrafficPolicy;
}

const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

function validateSpec(spec: ServiceSpec | undefined, errors: FieldErrors): void {
  checkOneOf("spec.type", spec?.type, types, errors);
  const ports = spec?.ports ?? [];
  const headless = spec?.clusterIP === "None";
  if (ports.length === 0 && !headless && spec?.type !== "ExternalName") {
    errors.required("spec.ports");
  }
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, port] of ports.entries()) {
    validatePort(
      `spec.ports[${index}]`,
      port,
      { alone: ports.length === 1, names, numbers },
      errors,
    );
  }
  checkLabels("spec.selector", spec?.selector, errors);
  checkOneOf("spec.sessionAffinity", spec?.sessionAffinity, ["ClientIP", "None"], errors);
  for (const [index, address] of (spec?.externalIPs ?? []).entries()) {
    checkReachable(`spec.externalIPs[${index}]`, address, errors);
  }
  if (spec) validateForType(spec, headless, errors);
  if (spec?.type === "ExternalName") {
    const name = spec.externalName ?? "";
    if (name === "") errors.required("spec.externalName");
    else if (!isDnsSubdomain(name.replace(/\.$/, ""))) {
      errors.invalid(
        "spec.externalName",
        name,
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      );
    }
  }
}

/** What only some types of Service may ask for. */
function validateForType(spec: ServiceSpec, headless: boolean, errors: FieldErrors): void {
  const { type = "", ports = [], externalTrafficPolicy, sessionAffinityConfig } = spec;
  const isExternal = type === "NodePort" || type === "LoadBalancer";
  if (headless && isExternal) {
    errors.invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`);
  }
  for (const [index, { nodePort }] of ports.entries()) {
    if (!nodePort || type !== "ClusterIP") continue;
    const why = "may not be used when `type` is 'ClusterIP'";
    errors.forbidden(`spec.ports[${index}].nodePort`, why);
  }
  if (externalTrafficPolicy && !isExternal && !spec.externalIPs?.length) {
    const why = "may only be set for externally-accessible services";
    errors.invalid("spec.externalTrafficPolicy", externalTrafficPolicy, why);
  }
  const timeout = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (timeout !== undefined && (timeout <= 0 || timeout > 86_400)) {
    const at = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
    errors.invalid(at, timeout, "must be greater than 0 and less than 86400");
  }
}

interface PortPlace {
  readonly alone: boolean;
  readonly names: Set<string>;
  readonly numbers: Set<string>;
}

function validatePort(at: string, port: ServicePort, place: PortPlace, errors: FieldErrors): void {
  const { name = "", protocol, targetPort } = port;
  if (name === "" && !place.alone) errors.required(`${at}.name`);
  else if (name !== "" && !isDnsLabel(name)) {
    errors.invalid(
      `${at}.name`,
      name,
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    );
  }
  if (name !== "" && place.names.has(name)) errors.duplicate(`${at}.name`, name);
  place.names.add(name);
  checkPort(`${at}.port`, port.port ?? 0, errors);
  checkOneOf(`${at}.protocol`, protocol, ["SCTP", "TCP", "UDP"], errors);
  checkPortOrName(`${at}.targetPort`, targetPort, errors);
  const number = `${protocol}/${port.port}`;
  if (place.numbers.has(number)) errors.duplicate(at, { port: port.port, protocol });
  place.numbers.add(number);
}

function externalAddress({ spec, status }: Service): string {
  if (spec?.type === "ExternalName") return spec.externalName || "<none>";
  const external = spec?.externalIPs ?? [];
  if (spec?.type !== "LoadBalancer") return external.join(",") || "<none>";
  const ingress = (status?.loadBalancer?.ingress ?? []).map(
    ({ ip, hostname }) => ip || hostname || "",
  );
  return [...ingress, ...external].join(",") || "<pending>";
}

function portsText(ports: readonly ServicePort[]): string {
  const texts = ports.map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return texts.join(",") || "<none>";
}
