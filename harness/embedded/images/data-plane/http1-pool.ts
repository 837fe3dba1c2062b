import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import type { Duplex, Readable } from "node:stream";
import type { Clock } from "../../../time/clock.ts";
import { copyBody } from "./copy-body.ts";
import type { Exchange, HeaderMap, Reply } from "./exchange.ts";
import { openSocket } from "./open-socket.ts";
import { removeHopByHop, toHeaderMap } from "./headers.ts";
import {
  type Endpoint,
  endpointKey,
  toUpstreamError,
  UpstreamError,
  type UpstreamPool,
  type UpstreamTls,
} from "./upstream.ts";

/** How connections to upstreams are made. */
export interface PoolOptions {
  readonly clock: Clock;
  /** @default 10000, as Istio's connectTimeout */
  readonly connectTimeoutMs?: number | undefined;
  /** Plain TCP where absent. */
  readonly tls?: UpstreamTls | undefined;
  /** Requests one connection may carry; 0 is no limit. @default 0 */
  readonly maxRequestsPerConnection?: number | undefined;
}

/** Keeps HTTP/1.1 connections to the endpoints of one destination. */
export function createHttp1Pool(options: PoolOptions): UpstreamPool {
  const agent = new Agent({
    keepAlive: options.maxRequestsPerConnection !== 1,
    maxFreeSockets: Infinity,
  });
  agent.createConnection = (target) => {
    const { host, port } = target as { readonly host: string; readonly port: number };
    return openSocket({ address: host, port }, { tls: options.tls });
  };
  return {
    send: (exchange, endpoint, signal) => send(exchange, endpoint, signal, agent, options),
    retain(wanted) {
      for (const [name, sockets] of Object.entries(agent.freeSockets)) {
        // The agent names its sockets "host:port:".
        if (!wanted.has(name.slice(0, -1))) for (const socket of sockets ?? []) socket.destroy();
      }
    },
    close: () => agent.destroy(),
  };
}

function send(
  exchange: Exchange,
  endpoint: Endpoint,
  signal: AbortSignal,
  agent: Agent,
  options: PoolOptions,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new UpstreamError("aborted", "given up", {}));
    const request = httpRequest({
      agent,
      host: endpoint.address,
      port: endpoint.port,
      method: exchange.method,
      path: exchange.path,
      headers: toRequestHeaders(exchange),
      setHost: false,
    });
    const connection = watchConnection(request, endpoint, exchange, options);
    const onAbort = (): void => void request.destroy(new UpstreamError("aborted", "given up", {}));
    signal.addEventListener("abort", onAbort, { once: true });
    request.once("close", () => signal.removeEventListener("abort", onAbort));
    request.on("error", (error) => reject(toUpstreamError(error, connection.open())));
    request.once("response", (response) => resolve(toReply(response)));
    request.once("upgrade", (response, socket, head) => resolve(toUpgrade(response, socket, head)));
    sendBody(exchange, request);
  });
}

/** Tells whether a failure came before or after the connection stood, and bounds the wait for it. */
function watchConnection(
  request: ClientRequest,
  endpoint: Endpoint,
  exchange: Exchange,
  options: PoolOptions,
): { open(): boolean } {
  let open = false;
  request.once("socket", (socket) => {
    exchange.facts.upstreamHost = endpointKey(endpoint);
    const opened = (): void => {
      open = true;
      exchange.facts.upstreamLocalAddress = `${socket.localAddress}:${socket.localPort}`;
    };
    if (request.reusedSocket) return opened();
    const cancel = options.clock.after(options.connectTimeoutMs ?? 10_000, () => {
      request.destroy(new UpstreamError("connect-timeout", "connection timeout", {}));
    });
    request.once("close", cancel);
    socket.once(options.tls ? "secureConnect" : "connect", () => {
      cancel();
      opened();
    });
  });
  return { open: () => open };
}

function toRequestHeaders(exchange: Exchange): HeaderMap {
  const headers: HeaderMap = { host: exchange.authority, ...exchange.headers };
  if (exchange.upgrade !== undefined) {
    headers["connection"] = "upgrade";
    headers["upgrade"] = exchange.upgrade;
  }
  // A body of unknown length must be marked as one, whatever the method.
  if (exchange.body && headers["content-length"] === undefined) {
    headers["transfer-encoding"] = "chunked";
  }
  return headers;
}

function sendBody(exchange: Exchange, request: ClientRequest): void {
  if (exchange.body) void pumpBody(exchange, exchange.body, request);
  else request.end();
}

async function pumpBody(exchange: Exchange, body: Readable, request: ClientRequest): Promise<void> {
  try {
    await copyBody(body, request, (count) => (exchange.facts.bytesReceived += count));
    const trailers = exchange.trailers();
    if (trailers) request.addTrailers(trailers);
    request.end();
  } catch (cause) {
    request.destroy(new UpstreamError("aborted", "client went away", { cause }));
  }
}

function toReply(response: IncomingMessage): Reply {
  const headers = toHeaderMap(response.rawHeaders);
  removeHopByHop(headers);
  return {
    status: response.statusCode ?? 502,
    headers,
    body: response,
    trailers: () =>
      response.rawTrailers.length > 0 ? toHeaderMap(response.rawTrailers) : undefined,
  };
}

function toUpgrade(response: IncomingMessage, socket: Duplex, head: Buffer): Reply {
  const headers = toHeaderMap(response.rawHeaders);
  removeHopByHop(headers);
  if (head.length > 0) socket.unshift(head);
  return { status: 101, headers, body: undefined, upgraded: socket };
}
