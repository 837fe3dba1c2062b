import type { Readable } from "node:stream";
import type { Clock } from "../../../../time/clock.ts";
import type { Exchange, Handler, Reply } from "../../data-plane/exchange.ts";
import { replyLocally } from "../../data-plane/local-reply.ts";
import { ReplayBody } from "../../data-plane/replay-body.ts";
import type { ClusterManager } from "../upstreams/cluster-manager.ts";
import { applyHeaderOperations } from "../routing/header-operations.ts";
import type { Headers } from "../routing/istio-types.ts";
import { drawDestination, type ForwardAction } from "../routing/route.ts";
import { tryEndpoints } from "./attempts.ts";
import { sendMirrors } from "./mirror.ts";
import { timeoutReply } from "./upstream-failure.ts";

/** What every stage of a proxy may use. */
export interface ProxyEnvironment {
  readonly clusters: ClusterManager;
  readonly clock: Clock;
  readonly random: () => number;
}

/** The end of a route that forwards: draws a destination, prepares the request and sends it. */
export function forwardRoute(
  action: ForwardAction,
  routeHeaders: Headers | undefined,
  environment: ProxyEnvironment,
): Handler {
  return async (exchange) => {
    if (action.destinations.length === 0) return unknownCluster(exchange);
    const destination = drawDestination(action.destinations, environment.random);
    const cluster = environment.clusters.get(destination);
    if (!cluster) return unknownCluster(exchange);
    exchange.facts.cluster = cluster.cluster.name;
    const body = needsReplay(exchange, action)
      ? new ReplayBody(exchange.body as Readable)
      : undefined;
    prepare(exchange, action, [destination.headers, routeHeaders]);
    sendMirrors(action.mirrors, exchange, body, environment);
    const limit = new TimeLimit(exchange, action.timeoutMs, environment.clock);
    try {
      const { clock, random } = environment;
      const { signal } = limit;
      const policy = action.retry;
      const reply = await tryEndpoints(exchange, { cluster, policy, body, clock, random, signal });
      for (const headers of [destination.headers, routeHeaders]) {
        applyHeaderOperations(reply.headers, headers?.response);
      }
      return limit.guard(reply);
    } catch (error) {
      limit.end();
      if (!limit.isUp) throw error;
      return replyLocally(exchange, timeoutReply("response_timeout"));
    }
  };
}

function needsReplay(exchange: Exchange, action: ForwardAction): boolean {
  if (!exchange.body) return false;
  return action.retry.attempts > 0 || action.mirrors.length > 0;
}

function prepare(
  exchange: Exchange,
  action: ForwardAction,
  headers: readonly (Headers | undefined)[],
): void {
  if (action.rewritePath) {
    exchange.headers["x-envoy-original-path"] = exchange.path;
    exchange.path = action.rewritePath(exchange.path);
  }
  if (action.authority !== undefined) exchange.authority = action.authority;
  for (const operations of headers) {
    // The route's operations come last, so that its authority wins over the destination's.
    const authority = applyHeaderOperations(exchange.headers, operations?.request);
    if (authority !== undefined) exchange.authority = authority;
  }
}

// Envoy logs neither route nor cluster nor upstream where the cluster does not exist.
function unknownCluster(exchange: Exchange): Reply {
  exchange.facts.routeName = undefined;
  exchange.facts.cluster = undefined;
  return replyLocally(exchange, { status: 503, flag: "NC", details: "cluster_not_found" });
}

/** A route's timeout: over all tries and until the last byte of the answer. */
class TimeLimit {
  readonly signal: AbortSignal;
  isUp = false;
  readonly #cancel: (() => void) | undefined;
  #body: Readable | undefined;

  constructor(exchange: Exchange, timeoutMs: number | undefined, clock: Clock) {
    if (timeoutMs === undefined) {
      this.signal = exchange.signal;
      return;
    }
    const own = new AbortController();
    this.signal = AbortSignal.any([exchange.signal, own.signal]);
    this.#cancel = clock.after(timeoutMs, () => {
      this.isUp = true;
      own.abort();
      this.#body?.destroy(new Error("upstream request timeout"));
    });
  }

  end(): void {
    this.#cancel?.();
  }

  /** Keeps the limit on the answer's body. */
  guard(reply: Reply): Reply {
    if (!this.#cancel || !reply.body || typeof reply.body === "string") {
      this.end();
      return reply;
    }
    this.#body = reply.body;
    reply.body.once("close", () => this.end());
    return reply;
  }
}
