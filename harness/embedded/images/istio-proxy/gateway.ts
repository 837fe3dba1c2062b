import type { Clock } from "../../../time/clock.ts";
import { noRoute, routeRequests } from "./stages/route-requests.ts";
import { bindTo, Listener } from "../data-plane/listener.ts";
import { compose } from "../data-plane/stage.ts";
import { startAdmin } from "./admin.ts";
import { startAgentPorts } from "./agent-ports.ts";
import { watchMesh } from "./config/watch-mesh.ts";
import { obtainIdentity, upstreamTls } from "./mutual-tls.ts";
import { observeRequests } from "./observe.ts";
import { buildGatewayRoutes, type OwnServer, serversOf } from "./routing/gateway-routes.ts";
import type { MeshSnapshot } from "./routing/model.ts";
import type { RouteTable } from "./routing/route-table.ts";
import type { ProxyRunOptions } from "./sidecar.ts";
import { identifyStage } from "./stages/identify-request.ts";
import { ClusterManager } from "./upstreams/cluster-manager.ts";

const drainMs = 5000;

/** Runs as a gateway until the process ends. */
export async function runGateway(options: ProxyRunOptions): Promise<void> {
  const { client, settings, clock, signal, log } = options;
  const mesh = await watchMesh(client, {
    clock,
    signal,
    onError: (error) => log(`watch: ${String(error)}`),
  });
  const identity = await obtainIdentity(mesh, settings, options);
  const environment = { clock, random: Math.random };
  const clusters = new ClusterManager(settings.namespace, mesh.snapshot(), {
    ...environment,
    tlsFor: (cluster, endpoint) => upstreamTls(mesh.snapshot(), identity, cluster, endpoint),
  });
  const gateway = new Gateway({ ...options, clusters, snapshot: mesh.snapshot });
  mesh.onChange((snapshot) => {
    clusters.update(snapshot);
    void gateway.configurationChanged().catch((error: unknown) => log(String(error)));
  });
  await gateway.configurationChanged();
  const observer = observeRequests(mesh.snapshot, settings, clock);
  let isReady = true;
  const { metrics } = observer;
  const tables = () => gateway.tables;
  startAdmin({ snapshot: mesh.snapshot, tables, clusters, metrics, isReady: () => isReady });
  const drain = (): void => {
    isReady = false;
    gateway.drain();
  };
  startAgentPorts({
    isReady: () => isReady,
    metrics,
    appProbes: {},
    podIp: settings.podIp,
    onDrain: drain,
    onQuit: () => process.exit(0),
  });
  log("Envoy proxy is ready");
  process.once("SIGTERM", () => {
    drain();
    void clock.sleep(drainMs).then(() => {
      observer.flush();
      process.exit(0);
    });
  });
}

interface GatewayOptions extends ProxyRunOptions {
  readonly clusters: ClusterManager;
  readonly snapshot: () => MeshSnapshot;
}

/** The listeners that the mesh's Gateways ask this proxy for. */
class Gateway {
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  /** By target port: a Gateway's port is the Service's. */
  readonly #listeners = new Map<number, Listener>();
  #tables = new Map<number, RouteTable>();
  #changing: Promise<void> = Promise.resolve();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  get tables(): ReadonlyMap<number, RouteTable> {
    return this.#tables;
  }

  /** Opens, changes and closes listeners; one change after the other. */
  configurationChanged(): Promise<void> {
    this.#changing = this.#changing.then(() => this.#apply());
    return this.#changing;
  }

  /** Connections are closed after their next answer; new ones are still taken. */
  drain(): void {
    for (const listener of this.#listeners.values()) listener.retire();
  }

  async #apply(): Promise<void> {
    const snapshot = this.#options.snapshot();
    const byPort = Map.groupBy(serversOf(snapshot, this.#options.settings), ({ port }) => port);
    const tables = new Map<number, RouteTable>();
    const wanted = new Set<number>();
    for (const [port, servers] of byPort) {
      const targetPort = this.#targetPortOf(port, snapshot);
      wanted.add(targetPort);
      tables.set(port, buildGatewayRoutes(snapshot, this.#options.settings, servers, port));
      if (!this.#listeners.has(targetPort)) {
        this.#tables = tables;
        this.#listeners.set(targetPort, await this.#open(targetPort, port, servers));
      }
    }
    this.#tables = tables;
    for (const [port, listener] of this.#listeners) {
      if (wanted.has(port)) continue;
      this.#listeners.delete(port);
      listener.drain();
    }
  }

  #open(targetPort: number, port: number, servers: readonly OwnServer[]): Promise<Listener> {
    const { clusters } = this.#options;
    const unbuilt = servers.find(({ protocol }) => !["HTTP", "HTTP2", "GRPC"].includes(protocol));
    if (unbuilt) throw new Error(`${unbuilt.gateway}: protocol ${unbuilt.protocol} is not built`);
    const routed = routeRequests({
      clusters,
      clock: this.#clock,
      random: Math.random,
      table: () => this.#tables.get(port) as RouteTable,
      onUnknownHost: async (exchange) => noRoute(exchange),
    });
    return Listener.open({
      clock: this.#clock,
      handler: compose([identifyStage({ server: "istio-envoy", isEdge: true })], routed),
      protocol: () => "http",
      tcp: (socket) => socket.destroy(),
      bind: bindTo(targetPort),
    });
  }

  /** Through the Service that leads here: 80 becomes 8080. */
  #targetPortOf(port: number, snapshot: MeshSnapshot): number {
    for (const service of snapshot.services.values()) {
      const own = service.endpoints
        .get(port)
        ?.find((endpoint) => endpoint.address === this.#options.settings.podIp);
      if (own) return own.port;
    }
    return { 80: 8080, 443: 8443 }[port] ?? port;
  }
}
