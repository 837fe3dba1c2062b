import { Readable } from "node:stream";
import type { Clock } from "../../../../time/clock.ts";
import type { Exchange, Reply } from "../../data-plane/exchange.ts";
import { createForwarder } from "../../data-plane/forward.ts";
import {
  endpointKey,
  UpstreamError,
  type UpstreamPool,
  type UpstreamTls,
} from "../../data-plane/upstream.ts";
import type { Cluster } from "../routing/cluster.ts";
import { parseDurationMs } from "../routing/duration.ts";
import { createLoadBalancer, type LoadBalancer } from "../routing/load-balancer.ts";
import type { MeshEndpoint } from "../routing/model.ts";
import type { RequestView } from "../routing/route.ts";
import { OutlierDetection } from "./outlier-detection.ts";
import { RequestGate } from "./request-gate.ts";

/** What every cluster of a proxy needs of it. */
export interface ClusterEnvironment {
  readonly clock: Clock;
  readonly random: () => number;
  /** TLS towards an endpoint; plain where undefined. */
  readonly tlsFor: (cluster: Cluster, endpoint: MeshEndpoint) => UpstreamTls | undefined;
}

/** A cluster at work: its connections, what is under way to each endpoint, and who is ejected. */
export class LiveCluster {
  readonly #environment: ClusterEnvironment;
  readonly #balance: LoadBalancer;
  readonly #gate: RequestGate;
  readonly #outliers: OutlierDetection;
  readonly #active = new Map<string, number>();
  readonly #pools = new Map<UpstreamTls | undefined, UpstreamPool>();
  #cluster: Cluster;

  constructor(cluster: Cluster, environment: ClusterEnvironment) {
    this.#cluster = cluster;
    this.#environment = environment;
    this.#balance = createLoadBalancer(cluster.policy.loadBalancer);
    this.#gate = new RequestGate(cluster.policy.connectionPool, cluster.protocol === "http2");
    this.#outliers = new OutlierDetection(cluster.policy.outlierDetection, environment.clock);
  }

  get cluster(): Cluster {
    return this.#cluster;
  }

  /** Envoy's statistics of the cluster that labs look at. */
  get statistics(): Readonly<Record<string, number>> {
    return {
      upstream_rq_pending_overflow: this.#gate.overflows,
      "outlier_detection.ejections_enforced_total": this.#outliers.ejections,
    };
  }

  /** Takes over new endpoints; connections to those that left are closed when idle. */
  update(cluster: Cluster): void {
    this.#cluster = cluster;
    const wanted = new Set(cluster.endpoints.map(endpointKey));
    for (const pool of this.#pools.values()) pool.retain(wanted);
  }

  /** Chooses a healthy endpoint, one that was not tried yet where there is one. */
  choose(
    request: RequestView | undefined,
    sourceIp: string | undefined,
    tried: ReadonlySet<string> = new Set(),
  ): MeshEndpoint | undefined {
    const healthy = this.#cluster.endpoints.filter(
      (endpoint) => endpoint.ready && !this.#outliers.isEjected(endpointKey(endpoint)),
    );
    if (healthy.length === 0) return undefined;
    const fresh = healthy.filter((endpoint) => !tried.has(endpointKey(endpoint)));
    return this.#balance(fresh.length > 0 ? fresh : healthy, {
      request,
      sourceIp,
      random: this.#environment.random,
      active: (endpoint) => this.#active.get(endpointKey(endpoint)) ?? 0,
    });
  }

  /** Sends one request to one endpoint, within the cluster's limits. */
  async send(exchange: Exchange, endpoint: MeshEndpoint, signal: AbortSignal): Promise<Reply> {
    const leave = await this.#gate.enter(signal);
    const key = endpointKey(endpoint);
    this.#active.set(key, (this.#active.get(key) ?? 0) + 1);
    const done = (): void => {
      leave();
      this.#active.set(key, Math.max(0, (this.#active.get(key) ?? 1) - 1));
    };
    try {
      const reply = await this.#poolFor(endpoint).send(exchange, endpoint, signal);
      this.#outliers.record(key, statusOf(reply), this.#cluster.endpoints.length);
      whenOver(reply, done);
      return reply;
    } catch (error) {
      done();
      this.#recordFailure(key, error);
      throw error;
    }
  }

  /** TLS towards an endpoint of this cluster, for connections that are not HTTP. */
  tlsFor(endpoint: MeshEndpoint): UpstreamTls | undefined {
    return this.#environment.tlsFor(this.#cluster, endpoint);
  }

  get connectTimeoutMs(): number {
    return (
      parseDurationMs(this.#cluster.policy.connectionPool?.tcp?.connectTimeout ?? "") ?? 10_000
    );
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
  }

  #recordFailure(key: string, error: unknown): void {
    const kind = error instanceof UpstreamError ? error.kind : "reset";
    if (kind === "aborted" || kind === "overflow") return;
    this.#outliers.record(key, kind === "timeout" ? 504 : 503, this.#cluster.endpoints.length);
  }

  #poolFor(endpoint: MeshEndpoint): UpstreamPool {
    const tls = this.#environment.tlsFor(this.#cluster, endpoint);
    let pool = this.#pools.get(tls);
    if (!pool) {
      const { protocol, policy } = this.#cluster;
      pool = createForwarder({
        clock: this.#environment.clock,
        protocol: protocol === "sniff" ? "downstream" : protocol === "http2" ? "http2" : "http1",
        connectTimeoutMs: this.connectTimeoutMs,
        maxRequestsPerConnection: policy.connectionPool?.http?.maxRequestsPerConnection,
        tls,
      });
      this.#pools.set(tls, pool);
    }
    return pool;
  }
}

/** A gRPC failure counts by its HTTP meaning. */
function statusOf(reply: Reply): number {
  const grpc = reply.headers["grpc-status"];
  return grpc === "14" || grpc === "13" || grpc === "4" ? 503 : reply.status;
}

function whenOver(reply: Reply, callback: () => void): void {
  const stream = reply.upgraded ?? reply.body;
  if (!stream || typeof stream === "string") return callback();
  if (stream instanceof Readable && stream.readableEnded) return callback();
  stream.once("close", callback);
}
