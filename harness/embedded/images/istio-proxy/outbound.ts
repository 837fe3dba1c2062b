import type { Server, Socket } from "node:net";
import type { Clock } from "../../../time/clock.ts";
import type { Downstream, Exchange, Handler } from "../data-plane/exchange.ts";
import { createForwarder } from "../data-plane/forward.ts";
import { Listener, type ListenerProtocol } from "../data-plane/listener.ts";
import { ListenerSet } from "../data-plane/listener-set.ts";
import { replyLocally } from "../data-plane/local-reply.ts";
import { compose, type Stage } from "../data-plane/stage.ts";
import { forwardTcp } from "../data-plane/tcp-forward.ts";
import { UpstreamError } from "../data-plane/upstream.ts";
import type { MeshService, MeshSnapshot, ProxyIdentity } from "./routing/model.ts";
import type { RouteTable } from "./routing/route-table.ts";
import { buildSidecarRoutes } from "./routing/sidecar-routes.ts";
import { drawTcpDestination } from "./routing/tcp-routes.ts";
import type { ProxyEnvironment } from "./stages/forward-route.ts";
import { identifyStage } from "./stages/identify-request.ts";
import { routeRequests } from "./stages/route-requests.ts";
import { toLocalReply } from "./stages/upstream-failure.ts";

/** Where an app of the pod wants to go. */
export interface OutboundTarget {
  readonly ip: string;
  readonly port: number;
}

export interface OutboundOptions {
  readonly environment: ProxyEnvironment;
  readonly proxy: ProxyIdentity;
  readonly snapshot: () => MeshSnapshot;
  /** Stages in front of routing: access log, metrics. */
  readonly stages: readonly Stage[];
  /** Makes a listener's server reachable for the pod's intercepted connections. */
  readonly bind: (server: Server, target: OutboundTarget) => Promise<number>;
}

/** The sidecar's outbound side: one listener for every address and port that the pod's apps connect to. */
export class Outbound implements AsyncDisposable {
  readonly #options: OutboundOptions;
  readonly #clock: Clock;
  readonly #listeners: ListenerSet<OutboundTarget>;
  readonly #tables = new Map<number, RouteTable>();

  constructor(options: OutboundOptions) {
    this.#options = options;
    this.#clock = options.environment.clock;
    this.#listeners = new ListenerSet(
      ({ ip, port }) => `${ip}:${port}`,
      (target) => this.#open(target),
    );
  }

  /** The real port that stands for this destination; opened when first asked for. */
  portFor(target: OutboundTarget): Promise<number> {
    return this.#listeners.portFor(target);
  }

  /** The next request is routed by the newest configuration. */
  configurationChanged(): void {
    this.#tables.clear();
  }

  /** The routes in force, by port. */
  get tables(): ReadonlyMap<number, RouteTable> {
    return this.#tables;
  }

  /** Computes a port's routes if they are not yet. */
  tableFor(port: number): RouteTable {
    let table = this.#tables.get(port);
    if (!table) {
      table = buildSidecarRoutes(this.#options.snapshot(), this.#options.proxy, port);
      this.#tables.set(port, table);
    }
    return table;
  }

  stop(): Promise<void> {
    return this.#listeners.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #open(target: OutboundTarget): Promise<Listener> {
    const { environment, stages, bind } = this.#options;
    const routed = routeRequests({
      ...environment,
      table: () => this.tableFor(target.port),
      onUnknownHost: this.#passThrough(target),
    });
    const identify = identifyStage({ server: "envoy", isEdge: false });
    return Listener.open({
      clock: this.#clock,
      handler: compose([...stages, identify], routed),
      protocol: () => this.#protocolOf(target),
      tcp: (socket, downstream) => void this.#forwardTcp(socket, target, downstream),
      bind: (server) => bind(server, target),
    });
  }

  #serviceAt(target: OutboundTarget): MeshService | undefined {
    for (const service of this.#options.snapshot().services.values()) {
      if (service.addresses.includes(target.ip)) return service;
    }
    return undefined;
  }

  #protocolOf(target: OutboundTarget): ListenerProtocol {
    const own = this.#serviceAt(target)?.ports.find((port) => port.port === target.port);
    if (own) return own.protocol;
    // Envoy's listener 0.0.0.0:port exists where any Service has an HTTP port of this number.
    for (const service of this.#options.snapshot().services.values()) {
      const isHttp = service.ports.some(
        (port) => port.port === target.port && port.protocol !== "tcp",
      );
      if (isHttp) return "sniff";
    }
    return "tcp";
  }

  /** Requests for a host that no table knows go to where the app wanted, or nowhere. */
  #passThrough(target: OutboundTarget): Handler {
    const forwarder = createForwarder({ clock: this.#clock, protocol: "downstream" });
    const endpoint = { address: target.ip, port: target.port };
    return async (exchange: Exchange) => {
      if (this.#options.snapshot().meshConfig.outboundTrafficPolicy === "REGISTRY_ONLY") {
        exchange.facts.routeName = "block_all";
        exchange.facts.cluster = "BlackHoleCluster";
        return replyLocally(exchange, { status: 502, details: "direct_response" });
      }
      exchange.facts.routeName = "allow_any";
      exchange.facts.cluster = "PassthroughCluster";
      try {
        const reply = await forwarder.send(exchange, endpoint, exchange.signal);
        exchange.facts.details = "via_upstream";
        return reply;
      } catch (error) {
        if (!(error instanceof UpstreamError) || error.kind === "aborted") throw error;
        return replyLocally(exchange, toLocalReply(exchange, error, false));
      }
    };
  }

  async #forwardTcp(socket: Socket, target: OutboundTarget, downstream: Downstream): Promise<void> {
    const { environment, snapshot, proxy } = this.#options;
    const { clock } = environment;
    const service = this.#serviceAt(target);
    try {
      const destination =
        service && drawTcpDestination(snapshot(), proxy, service, target.port, environment.random);
      if (destination) {
        const cluster = environment.clusters.get(destination);
        const endpoint = cluster?.choose(undefined, downstream.remoteAddress);
        if (!cluster || !endpoint) return void socket.resetAndDestroy();
        const { connectTimeoutMs } = cluster;
        const tls = cluster.tlsFor(endpoint);
        return void (await forwardTcp(socket, endpoint, { clock, connectTimeoutMs, tls }));
      }
      if (!service && snapshot().meshConfig.outboundTrafficPolicy === "REGISTRY_ONLY") {
        return void socket.destroy();
      }
      await forwardTcp(socket, { address: target.ip, port: target.port }, { clock });
    } catch {
      socket.resetAndDestroy();
    }
  }
}
