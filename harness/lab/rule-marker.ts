import type { KubeObject } from "../kube/object.ts";

/** The response header that says which applied rule produced an answer. */
export const markerHeader = "x-kubelab-rule";

/** A traffic rule that was applied, and what tells its answers from those of the rule before it. */
export interface AppliedRule {
  /** `VirtualService/logic` */
  readonly object: string;
  readonly hosts: readonly string[];
  readonly marker: string;
}

interface Route {
  readonly headers?: { readonly response?: { readonly set?: Record<string, string> } };
  readonly redirect?: unknown;
  readonly directResponse?: unknown;
}

/** Whether an object steers traffic: the kinds that a run without rules leaves out. */
export function isTrafficRule(object: KubeObject): boolean {
  const group = object.apiVersion?.split("/")[0] ?? "";
  return (
    group.endsWith(".istio.io") ||
    group === "gateway.networking.k8s.io" ||
    (group === "networking.k8s.io" && object.kind === "Ingress")
  );
}

/**
 * Makes a rule sign the answers it routes, where its kind has a field for that: a request can then tell that
 * the new rule, and not the one before it, is in force. Without such a field nothing is changed.
 */
export function withMarker(
  object: KubeObject,
  marker: string,
): { readonly object: KubeObject; readonly rule?: AppliedRule } {
  const name = `${object.kind}/${object.metadata?.name}`;
  const group = object.apiVersion?.split("/")[0];
  if (group === "networking.istio.io" && object.kind === "VirtualService") {
    const routes = object.spec?.["http"] as readonly Route[] | undefined;
    if (!routes?.some(canBeMarked)) return { object };
    const http = routes.map((route) => (canBeMarked(route) ? markRoute(route, marker) : route));
    const hosts = (object.spec?.["hosts"] ?? []) as readonly string[];
    return {
      object: { ...object, spec: { ...object.spec, http } },
      rule: { object: name, hosts, marker },
    };
  }
  if (group === "gateway.networking.k8s.io" && /^(HTTP|GRPC)Route$/.test(object.kind ?? ""))
    return markGatewayRoute(object, name, marker);
  return { object };
}

interface Filter {
  readonly type: string;
  readonly responseHeaderModifier?: { readonly set?: readonly object[] };
}

function markGatewayRoute(object: KubeObject, name: string, marker: string) {
  const own: Filter = {
    type: "ResponseHeaderModifier",
    responseHeaderModifier: { set: [{ name: markerHeader, value: marker }] },
  };
  const rules = (object.spec?.["rules"] ?? []) as readonly {
    readonly filters?: readonly Filter[];
  }[];
  // Gateway API: a rule has one filter of this type at most; a redirect has no answer to sign.
  const marked = rules.map((rule) =>
    rule.filters?.some(({ type }) => type === own.type || type === "RequestRedirect")
      ? rule
      : { ...rule, filters: [...(rule.filters ?? []), own] },
  );
  const hosts = (object.spec?.["hostnames"] ?? ["*"]) as readonly string[];
  const signs = marked.some((rule, index) => rule !== rules[index]);
  return {
    object: { ...object, spec: { ...object.spec, rules: marked } },
    ...(signs ? { rule: { object: name, hosts, marker } } : {}),
  };
}

/** The rule that governs requests to a host, where one was applied: the latest that names it. */
export function ruleFor(host: string, rules: readonly AppliedRule[]): AppliedRule | undefined {
  return rules.findLast((rule) => rule.hosts.some((pattern) => matchesHost(pattern, host)));
}

function matchesHost(pattern: string, host: string): boolean {
  if (pattern === host || pattern === "*") return true;
  if (pattern.startsWith("*.")) return host.endsWith(pattern.slice(1));
  // A short name stands for the Service of the rule's own namespace.
  return (
    pattern.split(".")[0] === host.split(".")[0] && (!pattern.includes(".") || !host.includes("."))
  );
}

function canBeMarked(route: Route): boolean {
  return route.redirect === undefined && route.directResponse === undefined;
}

function markRoute(route: Route, marker: string): Route {
  const response = route.headers?.response;
  const set = { ...response?.set, [markerHeader]: marker };
  return { ...route, headers: { ...route.headers, response: { ...response, set } } };
}
