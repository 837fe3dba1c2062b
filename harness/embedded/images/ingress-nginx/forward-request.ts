import { randomBytes } from "node:crypto";
import type { Clock } from "../../../time/clock.ts";
import type { Exchange, HeaderMap, Reply } from "../data-plane/exchange.ts";
import { createForwarder } from "../data-plane/forward.ts";
import { headerValue } from "../data-plane/headers.ts";
import {
  type Endpoint,
  endpointKey,
  UpstreamError,
  type UpstreamPool,
} from "../data-plane/upstream.ts";
import { bufferBody } from "../nginx/buffered-body.ts";
import { replyWithPage } from "../nginx/error-page.ts";
import type { IngressSettings } from "./annotations.ts";

/** One attempt at one endpoint, as the access log tells it. */
export interface Attempt {
  readonly endpoint: string;
  readonly status: number | undefined;
  readonly ms: number;
}

/** What came of a request, with every attempt that was made for it. */
export interface Forwarded {
  readonly reply: Reply;
  readonly attempts: readonly Attempt[];
}

export interface Forwarding {
  readonly exchange: Exchange;
  /** The path after the rewrite, with the query. */
  readonly path: string;
  readonly port: number;
  readonly settings: IngressSettings;
  /** Whose turn it is; asked once an attempt. */
  readonly next: () => Endpoint | undefined;
}

/** Sends requests to endpoints with ingress-nginx's headers, timeouts and rules of trying again. */
export class RequestForwarder {
  readonly #clock: Clock;
  readonly #log: (message: string) => void;
  readonly #pools = new Map<number, UpstreamPool>();

  constructor(clock: Clock, log: (message: string) => void) {
    this.#clock = clock;
    this.#log = log;
  }

  async forward({ exchange, path, port, settings, next }: Forwarding): Promise<Forwarded> {
    const copies = await bufferBody(exchange, settings.maxBodyBytes);
    if (copies === "too large") return { reply: replyWithPage(413, "nginx"), attempts: [] };
    const attempts: Attempt[] = [];
    for (;;) {
      const endpoint = next();
      if (!endpoint) return { reply: replyWithPage(502, "nginx"), attempts };
      const sent = toUpstream(copies(), path, port, settings);
      const startedMs = this.#clock.now();
      const outcome = await this.#send(sent, endpoint, settings);
      const failed = outcome instanceof UpstreamError;
      const ms = this.#clock.now() - startedMs;
      const status = failed ? undefined : outcome.status;
      attempts.push({ endpoint: endpointKey(endpoint), status, ms });
      if (failed) this.#log(`${outcome.message} while asking upstream ${endpointKey(endpoint)}`);
      const isLast =
        settings.nextUpstreamTries > 0 && attempts.length >= settings.nextUpstreamTries;
      if (isLast || attempts.length >= 100 || !mayTryNext(outcome, exchange.method, settings)) {
        if (!failed) return { reply: outcome, attempts };
        return { reply: replyWithPage(outcome.kind === "timeout" ? 504 : 502, "nginx"), attempts };
      }
      if (!failed && typeof outcome.body === "object") outcome.body.destroy();
    }
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
  }

  async #send(
    exchange: Exchange,
    endpoint: Endpoint,
    { connectTimeoutMs, readTimeoutMs }: IngressSettings,
  ): Promise<Reply | UpstreamError> {
    const late = new AbortController();
    const cancel = this.#clock.after(readTimeoutMs, () => late.abort());
    try {
      const signal = AbortSignal.any([exchange.signal, late.signal]);
      return await this.#pool(connectTimeoutMs).send(exchange, endpoint, signal);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      const timedOut = late.signal.aborted || error.kind === "connect-timeout";
      return timedOut
        ? new UpstreamError("timeout", "upstream timed out", { cause: error })
        : error;
    } finally {
      cancel();
    }
  }

  #pool(connectTimeoutMs: number): UpstreamPool {
    const known = this.#pools.get(connectTimeoutMs);
    if (known) return known;
    // upstream-keepalive-requests: 10000
    const pool = createForwarder({
      clock: this.#clock,
      connectTimeoutMs,
      maxRequestsPerConnection: 10_000,
    });
    this.#pools.set(connectTimeoutMs, pool);
    return pool;
  }
}

/** The headers of ingress-nginx's template (rootfs/etc/nginx/template/nginx.tmpl). */
function toUpstream(
  copy: Exchange,
  path: string,
  port: number,
  { upstreamVhost }: IngressSettings,
): Exchange {
  const { scheme, authority, downstream } = copy;
  const headers: HeaderMap = {
    ...copy.headers,
    "x-request-id": headerValue(copy.headers, "x-request-id") ?? randomBytes(16).toString("hex"),
    "x-real-ip": downstream.remoteAddress,
    // What the client says of itself is not believed (use-forwarded-headers is off).
    "x-forwarded-for": downstream.remoteAddress,
    "x-forwarded-host": authority,
    "x-forwarded-port": String(port),
    "x-forwarded-proto": scheme,
    "x-forwarded-scheme": scheme,
    "x-scheme": scheme,
  };
  for (const name of ["for", "host"]) {
    const original = copy.headers[`x-forwarded-${name}`];
    if (original !== undefined) headers[`x-original-forwarded-${name}`] = original;
  }
  delete headers["proxy"];
  return { ...copy, path, authority: upstreamVhost || authority, headers };
}

function mayTryNext(
  outcome: Reply | UpstreamError,
  method: string,
  { nextUpstream }: IngressSettings,
): boolean {
  const allowed = nextUpstream.split(/[\s,]+/);
  if (allowed.includes("off")) return false;
  const changes = /^(POST|LOCK|PATCH)$/.test(method) && !allowed.includes("non_idempotent");
  if (!(outcome instanceof UpstreamError))
    return !changes && allowed.includes(`http_${outcome.status}`);
  if (outcome.kind === "aborted") return false;
  // A request that changes something may go elsewhere only if it was not sent yet.
  if (changes && outcome.kind !== "connect-failure") return false;
  return allowed.includes(outcome.kind === "timeout" ? "timeout" : "error");
}
