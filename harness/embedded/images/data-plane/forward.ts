import type { Clock } from "../../../time/clock.ts";
import type { Exchange, Reply } from "./exchange.ts";
import { createHttp1Pool } from "./http1-pool.ts";
import { createHttp2Pool } from "./http2-pool.ts";
import type { Endpoint, UpstreamPool, UpstreamTls } from "./upstream.ts";

/** How a forwarder reaches its endpoints. */
export interface ForwarderOptions {
  readonly clock: Clock;
  /** "downstream" speaks to the upstream what the client spoke. @default "http1" */
  readonly protocol?: "http1" | "http2" | "downstream" | undefined;
  /** @default 10000 */
  readonly connectTimeoutMs?: number | undefined;
  readonly tls?: UpstreamTls | undefined;
  /** @default 0, no limit */
  readonly maxRequestsPerConnection?: number | undefined;
}

/**
 * Forwards requests to the endpoints of one destination, one request to one chosen endpoint.
 * Choosing, retrying and what to answer instead are left to the caller.
 */
export function createForwarder(options: ForwarderOptions): UpstreamPool {
  let http1: UpstreamPool | undefined;
  let http2: UpstreamPool | undefined;
  const poolFor = (exchange: Exchange): UpstreamPool => {
    const protocol = options.protocol ?? "http1";
    const isHttp2 =
      protocol === "http2" || (protocol === "downstream" && exchange.httpVersion === "2");
    // An upgrade is a thing of HTTP/1.1 whatever the port says.
    if (isHttp2 && exchange.upgrade === undefined) return (http2 ??= createHttp2Pool(options));
    return (http1 ??= createHttp1Pool(options));
  };
  return {
    async send(exchange: Exchange, endpoint: Endpoint, signal: AbortSignal): Promise<Reply> {
      const started = options.clock.now();
      const reply = await poolFor(exchange).send(exchange, endpoint, signal);
      exchange.facts.upstreamServiceTimeMs = options.clock.now() - started;
      return reply;
    },
    retain(wanted) {
      http1?.retain(wanted);
      http2?.retain(wanted);
    },
    close() {
      http1?.close();
      http2?.close();
    },
  };
}
