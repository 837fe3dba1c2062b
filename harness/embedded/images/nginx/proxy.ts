import type { Clock } from "../../../time/clock.ts";
import type { Exchange, HeaderMap, Reply } from "../data-plane/exchange.ts";
import { createForwarder } from "../data-plane/forward.ts";
import { type Endpoint, UpstreamError, type UpstreamPool } from "../data-plane/upstream.ts";
import { bufferBody } from "./buffered-body.ts";
import type { Location, ProxyPass, Settings } from "./config.ts";
import { replyWithPage } from "./error-page.ts";
import { encodePath } from "./request-path.ts";
import type { Upstream } from "./upstream.ts";
import { argsOf, hostOf, type RequestView } from "./variables.ts";

/** What a proxied location needs beside the request. */
export interface ProxyContext {
  readonly location: Location;
  readonly pass: ProxyPass;
  readonly upstream: Upstream;
  readonly pool: UpstreamPool;
  readonly server: string;
  readonly clock: Clock;
  readonly log: (message: string) => void;
}

/** Connections to upstreams as nginx makes them by default: one a request. */
export function createPool(clock: Clock, connectTimeoutMs: number): UpstreamPool {
  return createForwarder({ clock, connectTimeoutMs, maxRequestsPerConnection: 1 });
}

/** Sends the request on, and to the next server where one fails and proxy_next_upstream allows it. */
export async function proxy(view: RequestView, context: ProxyContext): Promise<Reply> {
  const { settings } = context.location;
  const copies = await bufferBody(view.exchange, settings.maxBodyBytes ?? 1024 * 1024);
  if (copies === "too large") return replyWithPage(413, context.server);
  const tried = new Set<Endpoint>();
  for (;;) {
    const endpoint = context.upstream.next(tried);
    if (!endpoint) {
      context.log(`no live upstreams while connecting to upstream "${context.pass.target}"`);
      return replyWithPage(502, context.server);
    }
    tried.add(endpoint);
    const outcome = await send(toUpstream(copies(), view, context), endpoint, context);
    if (!(outcome instanceof UpstreamError)) return redirected(outcome, view, context);
    context.upstream.failed(endpoint);
    context.log(`${outcome.message} while asking upstream ${endpoint.address}:${endpoint.port}`);
    const isLast = tried.size >= context.upstream.size;
    if (isLast || !mayTryNext(outcome, view.exchange.method, settings))
      return replyWithPage(outcome.kind === "timeout" ? 504 : 502, context.server);
  }
}

/** The request as the upstream is to see it. */
function toUpstream(copy: Exchange, view: RequestView, { location, pass }: ProxyContext): Exchange {
  const headers: HeaderMap = { ...copy.headers };
  let authority = view.proxyHost;
  let upgrade: string | undefined;
  for (const [name, template] of location.settings.proxySetHeaders ?? []) {
    const value = template(view);
    const lower = name.toLowerCase();
    if (lower === "host") authority = value;
    else if (lower === "upgrade") upgrade = value === "" ? undefined : copy.upgrade;
    else if (value === "") delete headers[lower];
    else if (lower !== "connection") headers[lower] = value;
  }
  return { ...copy, path: upstreamPath(view, location, pass), authority, headers, upgrade };
}

function upstreamPath(view: RequestView, location: Location, pass: ProxyPass): string {
  if (pass.uri === undefined) return view.exchange.path;
  const args = argsOf(view.exchange);
  const path = `${pass.uri}${encodePath(view.uri.slice(location.path.length))}`;
  return args === "" ? path : `${path}?${args}`;
}

async function send(
  exchange: Exchange,
  endpoint: Endpoint,
  { pool, clock, location }: ProxyContext,
): Promise<Reply | UpstreamError> {
  const late = new AbortController();
  const cancel = clock.after(location.settings.readTimeoutMs ?? 60_000, () => late.abort());
  try {
    return await pool.send(exchange, endpoint, AbortSignal.any([exchange.signal, late.signal]));
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    const timedOut = late.signal.aborted || error.kind === "connect-timeout";
    return timedOut ? new UpstreamError("timeout", "upstream timed out", { cause: error }) : error;
  } finally {
    cancel();
  }
}

function mayTryNext(error: UpstreamError, method: string, settings: Settings): boolean {
  const allowed = settings.nextUpstream ?? ["error", "timeout"];
  if (error.kind === "aborted" || !allowed.includes(error.kind === "timeout" ? "timeout" : "error"))
    return false;
  // Once sent, a request that changes something is not sent again.
  const wasSent = error.kind !== "connect-failure";
  return !wasSent || !/^(POST|LOCK|PATCH)$/.test(method) || allowed.includes("non_idempotent");
}

/** proxy_redirect default: an address of the upstream becomes the same address here. */
function redirected(reply: Reply, view: RequestView, { location, pass }: ProxyContext): Reply {
  const sent = reply.headers["location"];
  const from = `http://${pass.target}${pass.uri ?? location.path}`;
  const isOn = location.settings.proxyRedirect ?? location.kind !== "regex";
  if (isOn && typeof sent === "string" && sent.startsWith(from))
    reply.headers["location"] = absolute(view, `${location.path}${sent.slice(from.length)}`);
  return reply;
}

/** A path of this server as a whole address, as nginx redirects. */
export function absolute({ exchange, serverName, serverPort }: RequestView, path: string): string {
  const host = hostOf(exchange) || serverName;
  return `http://${host}${serverPort === 80 ? "" : `:${serverPort}`}${path}`;
}
