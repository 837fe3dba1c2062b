import { createHash } from "node:crypto";
import { headerValue } from "../../data-plane/headers.ts";
import type { ConsistentHash, TrafficPolicy } from "./istio-types.ts";
import type { MeshEndpoint } from "./model.ts";
import type { RequestView } from "./route.ts";

/** What a choice may depend on besides the endpoints. */
export interface BalancerContext {
  readonly request: RequestView | undefined;
  readonly sourceIp: string | undefined;
  readonly random: () => number;
  /** Requests that are under way to an endpoint. */
  readonly active: (endpoint: MeshEndpoint) => number;
}

/** Chooses one of the endpoints, of which there is at least one. */
export type LoadBalancer = (
  endpoints: readonly MeshEndpoint[],
  context: BalancerContext,
) => MeshEndpoint;

/** The load balancer that a policy asks for. */
export function createLoadBalancer(policy: TrafficPolicy["loadBalancer"]): LoadBalancer {
  if (policy?.consistentHash) return consistentHash(policy.consistentHash);
  if (policy?.simple === "RANDOM") return pickRandom;
  return policy?.simple === "ROUND_ROBIN" ? roundRobin() : leastRequest;
}

const pickRandom: LoadBalancer = (endpoints, { random }) =>
  endpoints[Math.floor(random() * endpoints.length)] as MeshEndpoint;

// Envoy: of two drawn at random, the one with fewer requests under way.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/load_balancers
const leastRequest: LoadBalancer = (endpoints, context) => {
  const first = pickRandom(endpoints, context);
  const second = pickRandom(endpoints, context);
  return context.active(second) < context.active(first) ? second : first;
};

function roundRobin(): LoadBalancer {
  let turn: number | undefined;
  return (endpoints, { random }) => {
    turn ??= Math.floor(random() * endpoints.length);
    turn += 1;
    return endpoints[turn % endpoints.length] as MeshEndpoint;
  };
}

function consistentHash(settings: ConsistentHash): LoadBalancer {
  return (endpoints, context) => {
    const key = hashKey(settings, context);
    if (key === undefined) return pickRandom(endpoints, context);
    // Rendezvous hashing: as with Envoy's ring, an endpoint's coming or going moves only its own share.
    let best: MeshEndpoint | undefined;
    let bestScore = "";
    for (const endpoint of endpoints) {
      const score = createHash("sha1")
        .update(`${endpoint.address}:${endpoint.port}|${key}`)
        .digest("hex");
      if (!best || score > bestScore) [best, bestScore] = [endpoint, score];
    }
    return best as MeshEndpoint;
  };
}

function hashKey(settings: ConsistentHash, context: BalancerContext): string | undefined {
  if (settings.useSourceIp) return context.sourceIp;
  const { request } = context;
  if (!request) return undefined;
  if (settings.httpHeaderName !== undefined) {
    return headerValue(request.headers, settings.httpHeaderName.toLowerCase());
  }
  if (settings.httpCookie) return cookie(request, settings.httpCookie.name);
  if (settings.httpQueryParameterName !== undefined) {
    const query = request.path.split("?", 2)[1] ?? "";
    return new URLSearchParams(query).get(settings.httpQueryParameterName) ?? undefined;
  }
  return undefined;
}

function cookie(request: RequestView, name: string): string | undefined {
  const header = headerValue(request.headers, "cookie") ?? "";
  for (const pair of header.split(/[;,]/)) {
    const [key = "", value = ""] = pair.trim().split(/=(.*)/s, 2);
    if (key === name) return value;
  }
  return undefined;
}
