import { isIP } from "node:net";
import type { Ingress } from "kubernetes-types/networking/v1";
import { ingresses } from "../../resources.ts";
import type { FieldErrors } from "../errors/field-errors.ts";
import { ageColumn, firstThree, nameColumn } from "../tables/cells.ts";
import { checkName, checkWildcard } from "../validation/names.ts";
import { checkOneOf, checkPort, checkPortOrName } from "../validation/numbers.ts";
import { defineKind } from "./kind.ts";

const pathTypes = ["Exact", "ImplementationSpecific", "Prefix"];

/** Ingress. */
export const ingressKind = defineKind({
  resource: ingresses,
  singular: "ingress",
  shortNames: ["ing"],
  schema: "Ingress",
  status: true,
  generation: "spec",
  prepareCreate(ingress) {
    ingress.status = { loadBalancer: {} };
  },
  validate({ spec }, errors) {
    if (!spec?.rules?.length && !spec?.defaultBackend) {
      const why = "either `defaultBackend` or `rules` must be specified";
      errors.invalid("spec", spec?.rules ?? null, why);
    }
    if (spec?.defaultBackend) validateBackend("spec.defaultBackend", spec.defaultBackend, errors);
    if (spec?.ingressClassName) {
      checkName("subdomain", "spec.ingressClassName", spec.ingressClassName, errors);
    }
    for (const [index, { hosts, secretName }] of (spec?.tls ?? []).entries()) {
      const at = `spec.tls[${index}]`;
      for (const [place, host] of (hosts ?? []).entries()) {
        checkDomain(`${at}.hosts[${place}]`, host, errors);
      }
      if (secretName) checkName("subdomain", `${at}.secretName`, secretName, errors);
    }
    for (const [index, { host, http }] of (spec?.rules ?? []).entries()) {
      const at = `spec.rules[${index}]`;
      if (host) validateHost(`${at}.host`, host, errors);
      if (http && (http.paths ?? []).length === 0) errors.required(`${at}.http.paths`);
      for (const [pathIndex, path] of (http?.paths ?? []).entries()) {
        validatePath(`${at}.http.paths[${pathIndex}]`, path, errors);
      }
    }
  },
  columns: [
    nameColumn,
    { name: "Class", type: "string", cell: ({ spec }) => spec?.ingressClassName || "<none>" },
    { name: "Hosts", type: "string", cell: hostsText },
    { name: "Address", type: "string", cell: addressText },
    { name: "Ports", type: "string", cell: ({ spec }) => (spec?.tls?.length ? "80, 443" : "80") },
    ageColumn,
  ],
});

function validateHost(field: string, host: string, errors: FieldErrors): void {
  if (isIP(host) !== 0) errors.invalid(field, host, "must be a DNS name, not an IP address");
  checkDomain(field, host, errors);
}

function checkDomain(field: string, host: string, errors: FieldErrors): void {
  if (host.includes("*")) checkWildcard(field, host, errors);
  else checkName("subdomain", field, host, errors);
}

type Path = NonNullable<
  NonNullable<NonNullable<Ingress["spec"]>["rules"]>[number]["http"]
>["paths"][number];

function validatePath(at: string, { path, pathType, backend }: Path, errors: FieldErrors): void {
  if (!pathType) errors.required(`${at}.pathType`, "pathType must be specified");
  else checkOneOf(`${at}.pathType`, pathType, pathTypes, errors);
  if (pathType !== "ImplementationSpecific" && !path?.startsWith("/")) {
    errors.invalid(`${at}.path`, path ?? "", "must be an absolute path");
  }
  if (path && pathType !== "ImplementationSpecific") {
    const sequence = ["//", "/./", "/../", "%2f", "%2F"].find((one) => path.includes(one));
    if (sequence) errors.invalid(`${at}.path`, path, `must not contain '${sequence}'`);
    const ending = ["/..", "/."].find((one) => path.endsWith(one));
    if (ending) errors.invalid(`${at}.path`, path, `cannot end with '${ending}'`);
  }
  validateBackend(`${at}.backend`, backend, errors);
}

function validateBackend(at: string, backend: Path["backend"], errors: FieldErrors): void {
  const { service, resource } = backend ?? {};
  if (!service) {
    if (!resource) errors.invalid(at, "", "resource or service backend is required");
    return;
  }
  if (!service.name) errors.required(`${at}.service.name`);
  else checkName("service", `${at}.service.name`, service.name, errors);
  const { name, number } = service.port ?? {};
  if (name && number) errors.invalid(at, "", "cannot set both port name & port number");
  else if (name) checkPortOrName(`${at}.service.port.name`, name, errors);
  else if (number) checkPort(`${at}.service.port.number`, number, errors);
  else errors.required(at, "port name or number is required");
}

function hostsText({ spec }: Ingress): string {
  const hosts = (spec?.rules ?? []).flatMap(({ host }) => (host ? [host] : []));
  return firstThree(hosts, "*");
}

function addressText({ status }: Ingress): string {
  const ingress = status?.loadBalancer?.ingress ?? [];
  return ingress.map(({ ip, hostname }) => ip || hostname || "").join(",");
}
