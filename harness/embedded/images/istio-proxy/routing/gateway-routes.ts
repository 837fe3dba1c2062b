import { covers } from "./hosts.ts";
import type { Gateway, GatewayServer } from "./istio-types.ts";
import { hasLabels, type MeshSnapshot, type ProxyIdentity } from "./model.ts";
import type { Route, VirtualHost } from "./route.ts";
import { RouteTable } from "./route-table.ts";
import { applicableVirtualServices, compileVirtualService, hostsOf } from "./virtual-service.ts";

/** One server of a Gateway that this proxy serves. */
export interface OwnServer {
  /** "namespace/name" of the Gateway. */
  readonly gateway: string;
  readonly server: GatewayServer;
  readonly port: number;
  readonly protocol: string;
}

/** The servers of every Gateway whose selector fits the proxy's labels. */
export function serversOf(snapshot: MeshSnapshot, proxy: ProxyIdentity): readonly OwnServer[] {
  return snapshot.gateways
    .filter((gateway) => hasLabels(proxy.labels, gateway.spec?.selector))
    .flatMap((gateway) => (gateway.spec?.servers ?? []).map((server) => toOwn(gateway, server)));
}

function toOwn(gateway: Gateway, server: GatewayServer): OwnServer {
  return {
    gateway: `${gateway.metadata?.namespace}/${gateway.metadata?.name}`,
    server,
    port: server.port?.number ?? 0,
    protocol: (server.port?.protocol ?? "HTTP").toUpperCase(),
  };
}

/** What a gateway's listener on this port routes by. Requests for other hosts find no route: 404. */
export function buildGatewayRoutes(
  snapshot: MeshSnapshot,
  proxy: ProxyIdentity,
  servers: readonly OwnServer[],
  port: number,
): RouteTable {
  const byHost = new Map<string, { routes: Route[]; requireTls: boolean }>();
  const hostEntry = (host: string) => {
    let entry = byHost.get(host);
    if (!entry) byHost.set(host, (entry = { routes: [], requireTls: false }));
    return entry;
  };
  for (const { gateway, server } of servers) {
    if (server.tls?.httpsRedirect) {
      for (const host of server.hosts ?? []) hostEntry(nameIn(host)).requireTls = true;
    }
    const scope = { proxy, gateway, port };
    for (const virtualService of applicableVirtualServices(snapshot, scope)) {
      const namespace = virtualService.metadata?.namespace ?? "";
      const routes = compileVirtualService(virtualService, snapshot, scope);
      for (const host of hostsOf(virtualService, snapshot.domain)) {
        const common = intersect(host, server.hosts ?? [], namespace, gateway);
        if (common !== undefined) hostEntry(common).routes.push(...routes);
      }
    }
  }
  const virtualHosts = [...byHost].map(([host, { routes, requireTls }]): VirtualHost => ({
    name: `${host}:${port}`,
    domains: [host],
    routes: catchAllsLast(routes),
    requireTls,
  }));
  return new RouteTable(virtualHosts);
}

/** The host that a VirtualService serves at a server, if any: the narrower of the two names. */
function intersect(
  host: string,
  serverHosts: readonly string[],
  namespace: string,
  gateway: string,
): string | undefined {
  for (const serverHost of serverHosts) {
    if (!isNamespaceAllowed(serverHost, namespace, gateway)) continue;
    const name = nameIn(serverHost);
    if (covers(name, host)) return host;
    if (covers(host, name)) return name;
  }
  return undefined;
}

// Istio: "ns/host" takes VirtualServices of that namespace only; "./host" of the Gateway's own.
function isNamespaceAllowed(serverHost: string, namespace: string, gateway: string): boolean {
  const [from, host] = serverHost.split("/");
  if (host === undefined || from === "*") return true;
  return from === "." ? gateway.startsWith(`${namespace}/`) : from === namespace;
}

function nameIn(serverHost: string): string {
  return (serverHost.split("/").at(-1) ?? serverHost).toLowerCase();
}

// Istio: VirtualServices of one host are joined at a gateway, and what takes everything comes last.
function catchAllsLast(routes: readonly Route[]): readonly Route[] {
  return [
    ...routes.filter((route) => !route.isCatchAll),
    ...routes.filter((route) => route.isCatchAll),
  ];
}
