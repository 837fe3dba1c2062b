import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../../time/clock.ts";
import { copyBody } from "./copy-body.ts";
import {
  createFacts,
  type Downstream,
  type Exchange,
  type Handler,
  type Reply,
} from "./exchange.ts";
import { headerValue, removeHopByHop, toHeaderMap } from "./headers.ts";
import { exchangeChannel } from "./stage.ts";
import { joinConnections } from "./tunnel.ts";

interface Connection {
  readonly downstream: Downstream;
  readonly scheme: "http" | "https";
  busy: boolean;
}

/** Speaks HTTP/1.1 to clients on connections that it is given, and asks the handler for every answer. */
export class Http1Server {
  readonly #connections = new Map<Duplex, Connection>();
  readonly #server: Server;
  readonly #handler: Handler;
  readonly #clock: Clock;
  #draining = false;

  constructor(handler: Handler, clock: Clock) {
    this.#handler = handler;
    this.#clock = clock;
    this.#server = createServer({
      // Envoy keeps idle connections for an hour and sends no Keep-Alive header.
      keepAliveTimeout: 0,
      requestTimeout: 0,
      insecureHTTPParser: false,
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket",
    });
    this.#server.on("request", (request, response) => void this.#serve(request, response));
    this.#server.on("upgrade", (request: IncomingMessage, socket, head: Buffer) => {
      void this.#upgrade(request, socket, head);
    });
  }

  /** Takes over a connection; bytes already read from it must have been put back with unshift. */
  accept(socket: Duplex, downstream: Downstream, scheme: "http" | "https"): void {
    this.#connections.set(socket, { downstream, scheme, busy: false });
    socket.once("close", () => this.#connections.delete(socket));
    socket.on("error", () => socket.destroy());
    this.#server.emit("connection", socket);
  }

  /** Answers what is in flight, then closes every connection. */
  drain(): void {
    this.#draining = true;
    for (const [socket, connection] of this.#connections) if (!connection.busy) socket.end();
  }

  close(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = this.#connections.get(request.socket);
    if (!connection) return void request.socket.destroy();
    connection.busy = true;
    const gone = new AbortController();
    response.once("close", () => {
      connection.busy = false;
      if (!response.writableFinished) gone.abort();
      if (this.#draining) request.socket.end();
    });
    const exchange = toExchange(request, connection, this.#clock, gone.signal);
    let reply: Reply | undefined;
    try {
      reply = await this.#handler(exchange);
      await writeReply(response, reply, exchange, this.#draining);
    } catch {
      // No answer can be made, or it broke off halfway: the client must see that.
      request.socket.destroy();
    } finally {
      exchangeChannel.publish({ exchange, reply });
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const connection = this.#connections.get(socket);
    if (!connection) return void socket.destroy();
    const gone = new AbortController();
    socket.once("close", () => gone.abort());
    const exchange = toExchange(request, connection, this.#clock, gone.signal);
    let reply: Reply | undefined;
    try {
      reply = await this.#handler(exchange);
      if (reply.upgraded) await this.#tunnel(socket, head, reply, exchange);
      else await this.#refuseUpgrade(request, socket, reply, exchange);
    } catch {
      socket.destroy();
    } finally {
      exchangeChannel.publish({ exchange, reply });
    }
  }

  async #tunnel(socket: Duplex, head: Buffer, reply: Reply, exchange: Exchange): Promise<void> {
    const upstream = reply.upgraded as Duplex;
    const lines = [`HTTP/1.1 101 Switching Protocols`, "connection: upgrade"];
    lines.push(`upgrade: ${exchange.upgrade}`);
    for (const [name, value] of Object.entries(reply.headers)) {
      for (const one of [value].flat()) lines.push(`${name}: ${one}`);
    }
    socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
    if (head.length > 0) upstream.write(head);
    const bytes = await joinConnections(socket, upstream);
    exchange.facts.bytesReceived += bytes.received;
    exchange.facts.bytesSent += bytes.sent;
  }

  async #refuseUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    reply: Reply,
    exchange: Exchange,
  ): Promise<void> {
    const response = new ServerResponse(request);
    response.assignSocket(request.socket);
    await writeReply(response, reply, exchange, true);
    socket.end();
  }
}

function toExchange(
  request: IncomingMessage,
  connection: Connection,
  clock: Clock,
  signal: AbortSignal,
): Exchange {
  const headers = toHeaderMap(request.rawHeaders);
  const upgrade = request.headers.upgrade?.toLowerCase();
  const hasBody =
    headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  const authority = headerValue(headers, "host") ?? "";
  removeHopByHop(headers);
  delete headers["host"];
  // Answered here already, as Envoy does: the upstream sees a plain request.
  delete headers["expect"];
  const path = request.url ?? "/";
  return {
    method: request.method ?? "GET",
    path,
    scheme: connection.scheme,
    authority,
    headers,
    httpVersion: request.httpVersion === "1.0" ? "1.0" : "1.1",
    body: hasBody ? request : undefined,
    trailers: () => trailersOf(request.rawTrailers),
    upgrade: upgrade === "websocket" ? upgrade : undefined,
    downstream: connection.downstream,
    facts: createFacts(path, clock.now()),
    signal,
  };
}

function trailersOf(raw: readonly string[]) {
  return raw.length > 0 ? toHeaderMap(raw) : undefined;
}

async function writeReply(
  response: ServerResponse,
  reply: Reply,
  exchange: Exchange,
  last: boolean,
): Promise<void> {
  removeHopByHop(reply.headers);
  if (last) response.shouldKeepAlive = false;
  else if (exchange.httpVersion === "1.1") response.removeHeader("connection");
  response.writeHead(reply.status, reply.headers);
  if (reply.body === undefined || typeof reply.body === "string") {
    exchange.facts.bytesSent += Buffer.byteLength(reply.body ?? "");
    response.end(reply.body);
    return;
  }
  await copyBody(reply.body, response, (count) => (exchange.facts.bytesSent += count));
  const trailers = reply.trailers?.();
  if (trailers && response.chunkedEncoding) response.addTrailers(trailers);
  response.end();
}
