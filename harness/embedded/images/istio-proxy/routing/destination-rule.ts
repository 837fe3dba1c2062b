import { covers, resolveHost } from "./hosts.ts";
import type { DestinationRule, PortTrafficPolicy, Subset, TrafficPolicy } from "./istio-types.ts";
import { isExportedTo, type MeshSnapshot } from "./model.ts";

/** What the DestinationRules say of one host, as a proxy in one namespace sees it. */
export interface HostRules {
  readonly trafficPolicy: DestinationRuleSpec["trafficPolicy"];
  readonly subsets: ReadonlyMap<string, Subset>;
  /** "namespace/name" of those that were merged. */
  readonly origins: readonly string[];
}

type DestinationRuleSpec = NonNullable<DestinationRule["spec"]>;

/**
 * Finds the rules for a host. Istio looks in the client's namespace, the Service's and the root namespace,
 * and takes the first that has any; there an exact host beats a pattern, and rules of one host are merged.
 */
export function rulesFor(
  snapshot: MeshSnapshot,
  clientNamespace: string,
  host: string,
): HostRules | undefined {
  const serviceNamespace = snapshot.services.get(host)?.namespace;
  const places = [
    clientNamespace === snapshot.rootNamespace ? undefined : clientNamespace,
    serviceNamespace,
    snapshot.rootNamespace,
  ];
  for (const namespace of new Set(places)) {
    if (namespace === undefined) continue;
    const found = rulesIn(snapshot, namespace, clientNamespace, host);
    if (found.length > 0) return merge(found);
  }
  return undefined;
}

function rulesIn(
  snapshot: MeshSnapshot,
  namespace: string,
  clientNamespace: string,
  host: string,
): readonly DestinationRule[] {
  const patternOf = (rule: DestinationRule): string =>
    resolveHost(rule.spec?.host ?? "", namespace, snapshot.domain);
  const fitting = snapshot.destinationRules.filter(
    (rule) =>
      rule.metadata?.namespace === namespace &&
      isExportedTo(rule.spec?.exportTo, namespace, clientNamespace) &&
      covers(patternOf(rule), host),
  );
  const exact = fitting.filter((rule) => patternOf(rule) === host);
  if (exact.length > 0) return exact;
  const longest = fitting.toSorted((a, b) => patternOf(b).length - patternOf(a).length)[0];
  return longest ? fitting.filter((rule) => patternOf(rule) === patternOf(longest)) : [];
}

function merge(rules: readonly DestinationRule[]): HostRules {
  const subsets = new Map<string, Subset>();
  for (const subset of rules.flatMap((rule) => rule.spec?.subsets ?? [])) {
    if (!subsets.has(subset.name)) subsets.set(subset.name, subset);
  }
  return {
    subsets,
    trafficPolicy: rules.find((rule) => rule.spec?.trafficPolicy)?.spec?.trafficPolicy,
    origins: rules.map((rule) => `${rule.metadata?.namespace}/${rule.metadata?.name}`),
  };
}

/**
 * The policy of one subset and port. A subset's block replaces the host's block of the same name, and a
 * port's settings replace all of the policy that they stand in.
 */
export function policyFor(
  rules: HostRules | undefined,
  subset: Subset | undefined,
  port: number,
): TrafficPolicy {
  const ofHost = atPort(rules?.trafficPolicy, port);
  const ofSubset = atPort(subset?.trafficPolicy, port);
  return { ...ofHost, ...ofSubset };
}

function atPort(
  policy:
    | (TrafficPolicy & { readonly portLevelSettings?: readonly PortTrafficPolicy[] })
    | undefined,
  port: number,
): TrafficPolicy {
  if (!policy) return {};
  const { portLevelSettings, ...rest } = policy;
  const own = portLevelSettings?.find((settings) => settings.port?.number === port);
  if (!own) return rest;
  const { port: _port, ...settings } = own;
  return settings;
}
