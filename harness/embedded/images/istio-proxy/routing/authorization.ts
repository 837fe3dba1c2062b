import type { KubeObject } from "../../../resource.ts";
import { headerValue } from "../../data-plane/headers.ts";
import { pathOf } from "./match-request.ts";
import { hasLabels, type MeshSnapshot, type ProxyIdentity } from "./model.ts";
import type { RequestView } from "./route.ts";

interface Source {
  readonly principals?: readonly string[];
  readonly notPrincipals?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly notNamespaces?: readonly string[];
  readonly serviceAccounts?: readonly string[];
  readonly notServiceAccounts?: readonly string[];
  readonly ipBlocks?: readonly string[];
  readonly notIpBlocks?: readonly string[];
}

interface Operation {
  readonly hosts?: readonly string[];
  readonly notHosts?: readonly string[];
  readonly ports?: readonly string[];
  readonly notPorts?: readonly string[];
  readonly methods?: readonly string[];
  readonly notMethods?: readonly string[];
  readonly paths?: readonly string[];
  readonly notPaths?: readonly string[];
}

interface Condition {
  readonly key: string;
  readonly values?: readonly string[];
  readonly notValues?: readonly string[];
}

interface Rule {
  readonly from?: readonly { readonly source?: Source }[];
  readonly to?: readonly { readonly operation?: Operation }[];
  readonly when?: readonly Condition[];
}

export interface AuthorizationPolicy extends KubeObject {
  readonly spec?: {
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly action?: "ALLOW" | "DENY";
    readonly rules?: readonly Rule[];
  };
}

/** A request or connection as policies see it; without `request` it is plain TCP. */
export interface AccessAttempt {
  /** Without "spiffe://"; absent without mutual TLS. */
  readonly principal: string | undefined;
  readonly sourceIp: string;
  readonly port: number;
  readonly request: RequestView | undefined;
}

/** Undefined where access is allowed; else the details that Envoy logs. */
export function judgeAccess(
  policies: readonly AuthorizationPolicy[],
  attempt: AccessAttempt,
): string | undefined {
  for (const policy of policies.filter((one) => one.spec?.action === "DENY")) {
    const index = (policy.spec?.rules ?? []).findIndex((rule) => fitsRule(rule, attempt, true));
    if (index >= 0) {
      const { namespace, name } = policy.metadata ?? {};
      return `rbac_access_denied_matched_policy[ns[${namespace}]-policy[${name}]-rule[${index}]]`;
    }
  }
  const allowing = policies.filter((one) => (one.spec?.action ?? "ALLOW") === "ALLOW");
  if (allowing.length === 0) return undefined;
  const isAllowed = allowing.some((policy) =>
    policy.spec?.rules?.some((rule) => fitsRule(rule, attempt, false)),
  );
  return isAllowed ? undefined : "rbac_access_denied_matched_policy[none]";
}

/** The policies for a workload: its namespace's and the mesh's, as far as their selectors fit. */
export function policiesFor(
  snapshot: MeshSnapshot,
  workload: ProxyIdentity,
): readonly AuthorizationPolicy[] {
  return snapshot.authorizationPolicies.filter(({ metadata, spec }) => {
    const { namespace } = metadata ?? {};
    if (namespace !== workload.namespace && namespace !== snapshot.rootNamespace) return false;
    return hasLabels(workload.labels, spec?.selector?.matchLabels);
  });
}

// Istio: on plain TCP an ALLOW rule with HTTP fields never fits, and a DENY rule fits without looking at them.
function fitsRule(rule: Rule, attempt: AccessAttempt, isDeny: boolean): boolean {
  const { from, to, when } = rule;
  if (from?.length && !from.some(({ source }) => fitsSource(source ?? {}, attempt))) return false;
  if (to?.length && !to.some(({ operation }) => fitsOperation(operation ?? {}, attempt, isDeny))) {
    return false;
  }
  return (when ?? []).every((condition) => fitsCondition(condition, attempt, isDeny));
}

function fitsSource(source: Source, { principal, sourceIp }: AccessAttempt): boolean {
  const [, namespace, account] = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(principal ?? "") ?? [];
  const fullAccount = namespace && account ? `${namespace}/${account}` : undefined;
  return (
    fits(principal, source.principals, source.notPrincipals) &&
    fits(namespace, source.namespaces, source.notNamespaces) &&
    fits(fullAccount, source.serviceAccounts, source.notServiceAccounts) &&
    (!source.ipBlocks?.length || source.ipBlocks.some((block) => inBlock(sourceIp, block))) &&
    !source.notIpBlocks?.some((block) => inBlock(sourceIp, block))
  );
}

function fitsOperation(
  operation: Operation,
  { request, port }: AccessAttempt,
  isDeny: boolean,
): boolean {
  if (!fits(String(port), operation.ports, operation.notPorts)) return false;
  const { hosts, notHosts, methods, notMethods, paths, notPaths } = operation;
  if (!request) {
    const asksHttp = [hosts, notHosts, methods, notMethods, paths, notPaths].some(Boolean);
    return !asksHttp || isDeny;
  }
  return (
    fits(request.authority.toLowerCase(), lower(hosts), lower(notHosts)) &&
    fits(request.method, methods, notMethods) &&
    fits(pathOf(request), paths, notPaths)
  );
}

function fitsCondition(condition: Condition, attempt: AccessAttempt, isDeny: boolean): boolean {
  const { key, values, notValues } = condition;
  const header = /^request\.headers\[(.+)\]$/.exec(key)?.[1];
  if (header !== undefined) {
    if (!attempt.request) return isDeny;
    const value = headerValue(attempt.request.headers, header.toLowerCase());
    return fits(value, values, notValues);
  }
  if (key === "source.principal") return fits(attempt.principal, values, notValues);
  if (key === "source.namespace") {
    return fitsSource(
      {
        ...(values ? { namespaces: values } : {}),
        ...(notValues ? { notNamespaces: notValues } : {}),
      },
      attempt,
    );
  }
  if (key === "destination.port") return fits(String(attempt.port), values, notValues);
  if (key === "source.ip") {
    return fitsSource(
      { ...(values ? { ipBlocks: values } : {}), ...(notValues ? { notIpBlocks: notValues } : {}) },
      attempt,
    );
  }
  throw new Error(`the condition ${key} is not built`);
}

function fits(
  value: string | undefined,
  wanted: readonly string[] | undefined,
  unwanted: readonly string[] | undefined,
): boolean {
  if (wanted?.length && !wanted.some((pattern) => fitsPattern(value, pattern))) return false;
  return !unwanted?.some((pattern) => fitsPattern(value, pattern));
}

function fitsPattern(value: string | undefined, pattern: string): boolean {
  if (value === undefined) return false;
  if (pattern === "*") return value !== "";
  if (pattern.startsWith("*")) return value.endsWith(pattern.slice(1));
  return pattern.endsWith("*") ? value.startsWith(pattern.slice(0, -1)) : value === pattern;
}

function lower(values: readonly string[] | undefined): readonly string[] | undefined {
  return values?.map((value) => value.toLowerCase());
}

function inBlock(address: string, block: string): boolean {
  const [base = "", bits = "32"] = block.split("/");
  const mask = bits === "0" ? 0 : (~0 << (32 - Number(bits))) >>> 0;
  return (toNumber(address) & mask) >>> 0 === (toNumber(base) & mask) >>> 0;
}

function toNumber(address: string): number {
  return address.split(".").reduce((number, part) => (number * 256 + Number(part)) >>> 0, 0);
}
