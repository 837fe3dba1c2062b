import { compileRule, type RuleContext } from "./compile-rule.ts";
import { resolveHost } from "./hosts.ts";
import type { HttpMatch, HttpRule, StringMatch, VirtualService } from "./istio-types.ts";
import { hasLabels, isExportedTo, type MeshSnapshot, type ProxyIdentity } from "./model.ts";
import type { Route } from "./route.ts";

/** The proxy and port that routes are computed for. */
export interface RouteScope {
  readonly proxy: ProxyIdentity;
  /** "mesh", or the gateway's "namespace/name". */
  readonly gateway: string;
  readonly port: number;
}

/** "namespace/name" of a VirtualService. */
export function nameOf(virtualService: VirtualService): string {
  return `${virtualService.metadata?.namespace}/${virtualService.metadata?.name}`;
}

/** The VirtualServices that apply to a proxy by visibility and gateway, oldest first. */
export function applicableVirtualServices(
  snapshot: MeshSnapshot,
  scope: Omit<RouteScope, "port">,
): readonly VirtualService[] {
  return snapshot.virtualServices.filter((virtualService) => {
    const { spec, metadata } = virtualService;
    if (!spec?.hosts || spec.hosts.length === 0) return false;
    const namespace = metadata?.namespace ?? "";
    if (!isExportedTo(spec.exportTo, namespace, scope.proxy.namespace)) return false;
    return usesGateway(spec.gateways, namespace, scope.gateway);
  });
}

/** The full names of a VirtualService's hosts. */
export function hostsOf(virtualService: VirtualService, domain: string): readonly string[] {
  const namespace = virtualService.metadata?.namespace ?? "";
  return (virtualService.spec?.hosts ?? []).map((host) => resolveHost(host, namespace, domain));
}

/**
 * A VirtualService's routes for one proxy and port, in order, ending with the first that takes everything.
 * What depends on the proxy and not on the request (source labels, gateways, port) is decided here.
 */
export function compileVirtualService(
  virtualService: VirtualService,
  snapshot: MeshSnapshot,
  scope: RouteScope,
): readonly Route[] {
  const namespace = virtualService.metadata?.namespace ?? "";
  const routes: Route[] = [];
  for (const { rule, owner } of withDelegates(virtualService, snapshot)) {
    const context: RuleContext = {
      namespace: owner.metadata?.namespace ?? "",
      domain: snapshot.domain,
      origin: nameOf(owner),
      portOf: (host) => implicitPort(snapshot, host, scope.port),
    };
    const matches = (rule.match ?? []).filter((match) => isInScope(match, namespace, scope));
    for (const route of compileRule(rule, matches, context)) {
      routes.push(route);
      if (route.isCatchAll) return routes;
    }
  }
  return routes;
}

// Istio: a destination without port means the Service's only port, else the port that was called.
function implicitPort(snapshot: MeshSnapshot, host: string, listenerPort: number): number {
  const ports = snapshot.services.get(host)?.ports;
  return ports?.length === 1 ? (ports[0]?.port ?? listenerPort) : listenerPort;
}

function isInScope(match: HttpMatch, namespace: string, scope: RouteScope): boolean {
  if (match.port !== undefined && match.port !== scope.port) return false;
  if (match.gateways && match.gateways.length > 0) {
    return usesGateway(match.gateways, namespace, scope.gateway);
  }
  if (scope.gateway !== "mesh") return true;
  if (match.sourceNamespace && match.sourceNamespace !== scope.proxy.namespace) return false;
  return hasLabels(scope.proxy.labels, match.sourceLabels);
}

function usesGateway(
  gateways: readonly string[] | undefined,
  namespace: string,
  gateway: string,
): boolean {
  if (!gateways || gateways.length === 0) return gateway === "mesh";
  return gateways.some((name) => {
    if (name === "mesh" || gateway === "mesh") return name === gateway;
    return (name.includes("/") ? name : `${namespace}/${name}`) === gateway;
  });
}

interface OwnedRule {
  readonly rule: HttpRule;
  readonly owner: VirtualService;
}

// https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
function withDelegates(root: VirtualService, snapshot: MeshSnapshot): readonly OwnedRule[] {
  return (root.spec?.http ?? []).flatMap((rule): readonly OwnedRule[] => {
    if (!rule.delegate) return [{ rule, owner: root }];
    const namespace = rule.delegate.namespace ?? root.metadata?.namespace;
    const owner = snapshot.virtualServices.find(
      ({ metadata, spec }) =>
        metadata?.name === rule.delegate?.name &&
        metadata?.namespace === namespace &&
        (spec?.hosts ?? []).length === 0,
    );
    if (!owner) return [];
    return (owner.spec?.http ?? []).map((inner) => ({ owner, rule: inherit(rule, inner) }));
  });
}

/** A delegate's rule within its root's: what it leaves open comes from the root. */
function inherit(root: HttpRule, inner: HttpRule): HttpRule {
  const { delegate: _delegate, match: rootMatch, name: rootName, ...rootRest } = root;
  const matches = combine(rootMatch ?? [], inner.match ?? []);
  const name = [rootName, inner.name].filter(Boolean).join("-");
  return { ...rootRest, ...inner, ...(name ? { name } : {}), match: matches };
}

function combine(outer: readonly HttpMatch[], inner: readonly HttpMatch[]): readonly HttpMatch[] {
  if (outer.length === 0) return inner;
  if (inner.length === 0) return outer;
  return outer.flatMap((root) =>
    inner
      .filter((own) => isWithin(own.uri, root.uri))
      .map((own) => ({
        ...root,
        ...own,
        headers: { ...root.headers, ...own.headers },
        withoutHeaders: { ...root.withoutHeaders, ...own.withoutHeaders },
        queryParams: { ...root.queryParams, ...own.queryParams },
      })),
  );
}

/** Istio drops a delegate's match whose path lies outside the root's. */
function isWithin(own: StringMatch | undefined, root: StringMatch | undefined): boolean {
  if (!own || !root) return true;
  if (root.prefix !== undefined) return (own.exact ?? own.prefix ?? "").startsWith(root.prefix);
  return own.exact === root.exact && own.prefix === undefined && own.regex === root.regex;
}
