import type { PodSpec } from "kubernetes-types/core/v1";
import type { FieldErrors } from "../errors/field-errors.ts";
import { checkAddress } from "./addresses.ts";
import { checkName } from "./names.ts";

/** Checks by which names a pod knows others: hostAliases and dnsConfig. */
export function validatePodDns(path: string, spec: PodSpec, errors: FieldErrors): void {
  for (const [index, { ip, hostnames }] of (spec.hostAliases ?? []).entries()) {
    checkAddress(`${path}.hostAliases[${index}].ip`, ip ?? "", errors);
    // Kubernetes names no index here.
    for (const name of hostnames ?? []) {
      checkName("subdomain", `${path}.hostAliases.hostnames`, name, errors);
    }
  }
  validateDnsConfig(`${path}.dnsConfig`, spec, errors);
}

function validateDnsConfig(
  at: string,
  { dnsPolicy, dnsConfig }: PodSpec,
  errors: FieldErrors,
): void {
  if (!dnsConfig) {
    const why = "must provide `dnsConfig` when `dnsPolicy` is None";
    if (dnsPolicy === "None") errors.required(at, why);
    return;
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig;
  if (dnsPolicy === "None" && nameservers.length === 0) {
    const why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
    errors.required(`${at}.nameservers`, why);
  }
  if (nameservers.length > 3) {
    errors.invalid(`${at}.nameservers`, nameservers, "must not have more than 3 nameservers");
  }
  for (const [index, address] of nameservers.entries()) {
    checkAddress(`${at}.nameservers[${index}]`, address, errors);
  }
  if (searches.length > 32) {
    errors.invalid(`${at}.searches`, searches, "must not have more than 32 search paths");
  }
  if (searches.join(" ").length > 2048) {
    const why = "must not have more than 2048 characters (including spaces) in the search list";
    errors.invalid(`${at}.searches`, searches, why);
  }
  for (const [index, search] of searches.entries()) {
    const name = search.replace(/\.$/, "");
    if (name !== "") checkName("subdomain", `${at}.searches[${index}]`, name, errors, search);
  }
  for (const [index, { name }] of options.entries()) {
    if (!name) errors.required(`${at}.options[${index}]`, "must not be empty");
  }
}
