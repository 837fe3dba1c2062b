import { randomUUID } from "node:crypto";
import { addHeader } from "../../data-plane/headers.ts";
import type { Stage } from "../../data-plane/stage.ts";

/** Which side of the mesh a listener is on. */
export interface IdentifyOptions {
  /** "envoy" towards the own app, "istio-envoy" towards others. */
  readonly server: "envoy" | "istio-envoy";
  /** At the mesh's edge: the client's address is added and its claims about the request are not believed. */
  readonly isEdge: boolean;
}

/** Gives every request its id and every answer the proxy's marks. */
export function identifyStage(options: IdentifyOptions): Stage {
  return {
    name: "identify",
    async run(exchange, next) {
      const { headers, downstream } = exchange;
      if (options.isEdge) {
        delete headers["x-envoy-attempt-count"];
        delete headers["x-envoy-original-path"];
        delete headers["x-request-id"];
        addHeader(headers, "x-forwarded-for", downstream.remoteAddress);
        headers["x-envoy-internal"] = "true";
        headers["x-forwarded-proto"] = exchange.scheme;
      }
      headers["x-request-id"] ??= randomUUID();
      headers["x-forwarded-proto"] ??= exchange.scheme;
      const reply = await next(exchange);
      reply.headers["server"] = options.server;
      const { upstreamServiceTimeMs, details } = exchange.facts;
      if (details === "via_upstream" && upstreamServiceTimeMs !== undefined) {
        reply.headers["x-envoy-upstream-service-time"] = String(Math.round(upstreamServiceTimeMs));
      }
      return reply;
    },
  };
}
