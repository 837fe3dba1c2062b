import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
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
import { removeHopByHop } from "./headers.ts";
import { fromHttp2Headers } from "./http2-headers.ts";
import { exchangeChannel } from "./stage.ts";

/** Speaks HTTP/2 to clients on connections that it is given: each stream is a request of its own. */
export class Http2Server {
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #handler: Handler;
  readonly #clock: Clock;

  constructor(handler: Handler, clock: Clock) {
    this.#handler = handler;
    this.#clock = clock;
  }

  /** Takes over a connection; bytes already read from it must have been put back with unshift. */
  accept(socket: Duplex, downstream: Downstream, scheme: "http" | "https"): void {
    const session = performServerHandshake(socket, { settings: { initialWindowSize: 1 << 20 } });
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    session.on("error", () => session.destroy());
    session.on("stream", (stream, head) => void this.#serve(stream, head, downstream, scheme));
  }

  /** Takes no more streams on open connections and closes each after its last answer. */
  drain(): void {
    for (const session of this.#sessions) session.close();
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }

  async #serve(
    stream: ServerHttp2Stream,
    head: IncomingHttpHeaders,
    downstream: Downstream,
    scheme: "http" | "https",
  ): Promise<void> {
    const gone = new AbortController();
    // Errors of the stream end in "close".
    stream.on("error", () => {});
    stream.once("close", () => {
      if (!stream.writableFinished || stream.rstCode !== 0) gone.abort();
    });
    const exchange = toExchange(stream, head, downstream, scheme, this.#clock, gone.signal);
    let reply: Reply | undefined;
    try {
      reply = await this.#handler(exchange);
      await writeReply(stream, reply, exchange);
    } catch {
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    } finally {
      exchangeChannel.publish({ exchange, reply });
    }
  }
}

function toExchange(
  stream: ServerHttp2Stream,
  head: IncomingHttpHeaders,
  downstream: Downstream,
  scheme: "http" | "https",
  clock: Clock,
  signal: AbortSignal,
): Exchange {
  let trailers: ReturnType<typeof fromHttp2Headers> | undefined;
  stream.once("trailers", (received: IncomingHttpHeaders) => {
    trailers = fromHttp2Headers(received);
  });
  const path = head[":path"] ?? "/";
  const headers = fromHttp2Headers(head);
  const host = headers["host"];
  delete headers["host"];
  return {
    method: head[":method"] ?? "GET",
    path,
    scheme,
    authority: head[":authority"] ?? (typeof host === "string" ? host : ""),
    headers,
    httpVersion: "2",
    body: stream.endAfterHeaders ? undefined : stream,
    trailers: () => trailers,
    upgrade: undefined,
    downstream,
    facts: createFacts(path, clock.now()),
    signal,
  };
}

async function writeReply(
  stream: ServerHttp2Stream,
  reply: Reply,
  exchange: Exchange,
): Promise<void> {
  if (stream.destroyed) return;
  removeHopByHop(reply.headers);
  const head = { ...reply.headers, ":status": reply.status };
  const { body } = reply;
  if (body === undefined || typeof body === "string") {
    stream.respond(head, { endStream: !body });
    exchange.facts.bytesSent += Buffer.byteLength(body ?? "");
    if (body) stream.end(body);
    return;
  }
  stream.respond(head, { waitForTrailers: true });
  stream.once("wantTrailers", () => {
    // Without trailers Node ends the stream by an empty DATA frame; close() would reset it.
    stream.sendTrailers(reply.trailers?.() ?? {});
  });
  await copyBody(body, stream, (count) => (exchange.facts.bytesSent += count));
  stream.end();
}
