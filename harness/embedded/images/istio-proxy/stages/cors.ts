import type { HeaderMap } from "../../data-plane/exchange.ts";
import { headerValue } from "../../data-plane/headers.ts";
import type { Stage } from "../../data-plane/stage.ts";
import type { CorsPolicy } from "../routing/route.ts";

/** Answers preflight requests of allowed origins, and marks answers for them. */
export function corsStage(policy: CorsPolicy): Stage {
  return {
    name: "cors",
    async run(exchange, next) {
      const origin = headerValue(exchange.headers, "origin");
      if (origin === undefined) return next(exchange);
      const isPreflight =
        exchange.method === "OPTIONS" &&
        exchange.headers["access-control-request-method"] !== undefined;
      const isAllowed = policy.allowsOrigin(origin);
      if (isPreflight && isAllowed) {
        return { status: 200, headers: preflightHeaders(policy, origin), body: undefined };
      }
      if (isPreflight && policy.ignoreUnmatchedPreflights) {
        return { status: 200, headers: { "content-length": "0" }, body: undefined };
      }
      const reply = await next(exchange);
      if (isAllowed) Object.assign(reply.headers, originHeaders(policy, origin));
      return reply;
    },
  };
}

function originHeaders(policy: CorsPolicy, origin: string): HeaderMap {
  return {
    "access-control-allow-origin": origin,
    ...(policy.allowCredentials ? { "access-control-allow-credentials": "true" } : {}),
    ...(policy.exposeHeaders ? { "access-control-expose-headers": policy.exposeHeaders } : {}),
  };
}

function preflightHeaders(policy: CorsPolicy, origin: string): HeaderMap {
  const { exposeHeaders: _later, ...rest } = policy;
  return {
    ...originHeaders({ ...rest, exposeHeaders: "" }, origin),
    ...(policy.allowMethods ? { "access-control-allow-methods": policy.allowMethods } : {}),
    ...(policy.allowHeaders ? { "access-control-allow-headers": policy.allowHeaders } : {}),
    ...(policy.maxAge ? { "access-control-max-age": policy.maxAge } : {}),
    "content-length": "0",
  };
}
