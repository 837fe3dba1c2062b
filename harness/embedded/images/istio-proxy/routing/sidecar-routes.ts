import { covers, namesOfService } from "./hosts.ts";
import type { VirtualService } from "./istio-types.ts";
import type { MeshService, MeshSnapshot, ProxyIdentity } from "./model.ts";
import { noRetries, compileRetries } from "./retry-policy.ts";
import type { Route, VirtualHost } from "./route.ts";
import { RouteTable } from "./route-table.ts";
import { applicableVirtualServices, compileVirtualService, hostsOf } from "./virtual-service.ts";

/** What a sidecar's outbound listener on this port routes by: a virtual host for every Service that has the port. */
export function buildSidecarRoutes(
  snapshot: MeshSnapshot,
  proxy: ProxyIdentity,
  port: number,
): RouteTable {
  const scope = { proxy, gateway: "mesh", port };
  const candidates = applicableVirtualServices(snapshot, scope);
  const virtualHosts: VirtualHost[] = [];
  const used = new Set<string>();
  for (const service of snapshot.services.values()) {
    if (!service.ports.some((own) => own.port === port && own.protocol !== "tcp")) continue;
    const virtualService = mostSpecific(candidates, service.host, snapshot.domain);
    virtualHosts.push({
      name: `${service.host}:${port}`,
      domains: [
        ...namesOfService(service.host, proxy.namespace, snapshot.domain),
        ...service.addresses,
      ],
      routes: hasHttp(virtualService)
        ? compileVirtualService(virtualService, snapshot, scope)
        : [defaultRoute(service, port)],
    });
    used.add(service.host);
  }
  // A VirtualService may also name hosts that no Service has.
  for (const virtualService of candidates) {
    for (const host of hostsOf(virtualService, snapshot.domain)) {
      if (used.has(host) || snapshot.services.has(host) || !hasHttp(virtualService)) continue;
      used.add(host);
      const routes = compileVirtualService(virtualService, snapshot, scope);
      const domains = host.startsWith("*")
        ? [host]
        : namesOfService(host, proxy.namespace, snapshot.domain);
      virtualHosts.push({ name: `${host}:${port}`, domains, routes });
    }
  }
  return new RouteTable(virtualHosts);
}

function hasHttp(virtualService: VirtualService | undefined): virtualService is VirtualService {
  return (virtualService?.spec?.http ?? []).length > 0;
}

/** The oldest VirtualService with the exact host, else with the longest pattern that covers it. */
function mostSpecific(
  candidates: readonly VirtualService[],
  host: string,
  domain: string,
): VirtualService | undefined {
  let best: VirtualService | undefined;
  let bestLength = -1;
  for (const candidate of candidates) {
    for (const pattern of hostsOf(candidate, domain)) {
      if (!covers(pattern, host)) continue;
      const length = pattern === host ? Infinity : pattern.length;
      if (length > bestLength) [best, bestLength] = [candidate, length];
    }
  }
  return best;
}

function defaultRoute(service: MeshService, port: number): Route {
  return {
    name: "default",
    origin: undefined,
    matches: () => true,
    isCatchAll: true,
    action: {
      kind: "forward",
      destinations: [
        { host: service.host, subset: undefined, port, weight: 1, headers: undefined },
      ],
      rewritePath: undefined,
      authority: undefined,
      timeoutMs: undefined,
      retry: service.headless ? noRetries : compileRetries(undefined),
      mirrors: [],
    },
    fault: undefined,
    cors: undefined,
    headers: undefined,
  };
}
