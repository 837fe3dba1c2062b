import { createServer, type Server } from "node:http";
import type { MeshSnapshot } from "./routing/model.ts";
import type { Route, VirtualHost } from "./routing/route.ts";
import type { RouteTable } from "./routing/route-table.ts";
import type { ClusterManager } from "./upstreams/cluster-manager.ts";

/** What the admin port tells. */
export interface AdminOptions {
  readonly snapshot: () => MeshSnapshot;
  /** The routes in force by listener port. */
  readonly tables: () => ReadonlyMap<number, RouteTable>;
  readonly clusters: ClusterManager;
  readonly metrics: () => string;
  readonly isReady: () => boolean;
}

/** Envoy's admin port, inside the pod only: what is in force and what happened. */
export function startAdmin(options: AdminOptions): Server {
  return createServer((request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0];
    const json = (value: unknown): void => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(`${JSON.stringify(value, undefined, 1)}\n`);
    };
    if (path === "/config_dump") return json(configDump(options));
    if (path === "/clusters") return json(clusterDump(options.clusters));
    if (path === "/stats/prometheus") return void response.end(options.metrics());
    if (path === "/stats") return void response.end(statsText(options.clusters));
    if (path === "/ready") {
      response.statusCode = options.isReady() ? 200 : 503;
      return void response.end(options.isReady() ? "LIVE\n" : "PRE_INITIALIZING\n");
    }
    response.statusCode = 404;
    response.end("invalid path\n");
  }).listen(15000, "127.0.0.1");
}

/**
 * What is in force: every Istio object with the resourceVersion that this proxy routes by, and the
 * computed routes and clusters.
 */
function configDump({ snapshot, tables, clusters }: AdminOptions): unknown {
  const { virtualServices, destinationRules, gateways } = snapshot();
  const objects = [...virtualServices, ...destinationRules, ...gateways];
  return {
    resourceVersions: Object.fromEntries(
      objects.map(({ kind, metadata }) => [
        `${kind}/${metadata?.namespace}/${metadata?.name}`,
        metadata?.resourceVersion,
      ]),
    ),
    routes: Object.fromEntries(
      [...tables()].map(([port, table]) => [port, table.virtualHosts.map(describeHost)]),
    ),
    clusters: clusterDump(clusters),
  };
}

function describeHost({ name, domains, routes }: VirtualHost): unknown {
  return { name, domains, routes: routes.map(describeRoute) };
}

function describeRoute({ name, origin, isCatchAll, action }: Route): unknown {
  return {
    name,
    virtualService: origin,
    takesEverything: isCatchAll,
    action: action.kind,
    ...(action.kind === "forward"
      ? {
          destinations: action.destinations.map(({ host, subset, port, weight }) => ({
            host,
            subset,
            port,
            weight,
          })),
          timeoutMs: action.timeoutMs,
          retries: action.retry.attempts,
        }
      : {}),
  };
}

function clusterDump(clusters: ClusterManager): unknown {
  return clusters.list().map(({ cluster, statistics }) => ({
    name: cluster.name,
    endpoints: cluster.endpoints.map(({ address, port, ready, pod }) => ({
      address,
      port,
      ready,
      pod,
    })),
    statistics,
  }));
}

function statsText(clusters: ClusterManager): string {
  const lines = clusters
    .list()
    .flatMap(({ cluster, statistics }) =>
      Object.entries(statistics).map(
        ([name, value]) => `cluster.${cluster.name}.${name}: ${value}`,
      ),
    );
  return `${lines.join("\n")}\n`;
}
