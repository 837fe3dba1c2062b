import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as http2Connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import { copyBody } from "./copy-body.ts";
import type { Exchange, HeaderMap, Reply } from "./exchange.ts";
import type { PoolOptions } from "./http1-pool.ts";
import { openSocket } from "./open-socket.ts";
import { fromHttp2Headers, toHttp2Headers } from "./http2-headers.ts";
import {
  type Endpoint,
  endpointKey,
  toUpstreamError,
  UpstreamError,
  type UpstreamPool,
} from "./upstream.ts";

/** Keeps one HTTP/2 connection to each endpoint of one destination; requests are its streams. */
export function createHttp2Pool(options: PoolOptions): UpstreamPool {
  const sessions = new Map<string, Promise<ClientHttp2Session>>();
  const open = (endpoint: Endpoint): Promise<ClientHttp2Session> => {
    const key = endpointKey(endpoint);
    const present = sessions.get(key);
    if (present) return present;
    const opening = openSession(endpoint, options, () => {
      if (sessions.get(key) === opening) sessions.delete(key);
    });
    sessions.set(key, opening);
    opening.catch(() => sessions.delete(key));
    return opening;
  };
  const closeAll = (isWanted: (key: string) => boolean): void => {
    for (const [key, opening] of sessions) {
      if (isWanted(key)) continue;
      sessions.delete(key);
      opening.then(
        (session) => session.close(),
        () => {},
      );
    }
  };
  return {
    async send(exchange, endpoint, signal) {
      exchange.facts.upstreamHost = endpointKey(endpoint);
      const session = await open(endpoint);
      if (signal.aborted) throw new UpstreamError("aborted", "given up", {});
      return request(session, exchange, signal);
    },
    retain: (wanted) => closeAll((key) => wanted.has(key)),
    close: () => closeAll(() => false),
  };
}

function openSession(
  endpoint: Endpoint,
  options: PoolOptions,
  onUnusable: () => void,
): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = http2Connect(`http://${endpointKey(endpoint)}`, {
      createConnection: () => openSocket(endpoint, { tls: options.tls }),
      settings: { initialWindowSize: 1 << 20, enablePush: false },
    });
    let connected = false;
    const cancel = options.clock.after(options.connectTimeoutMs ?? 10_000, () => {
      session.destroy(new UpstreamError("connect-timeout", "connection timeout", {}));
    });
    session.once("connect", () => {
      connected = true;
      cancel();
      // An idle connection must not keep a stopped proxy alive.
      session.unref();
      resolve(session);
    });
    session.once("goaway", onUnusable);
    session.on("error", (error) => reject(toUpstreamError(error, connected)));
    session.once("close", () => {
      cancel();
      onUnusable();
      reject(new UpstreamError("connect-failure", "connection closed", {}));
    });
  });
}

function request(
  session: ClientHttp2Session,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    if (session.closed || session.destroyed) {
      return reject(new UpstreamError("refused-stream", "connection is closing", {}));
    }
    const stream = session.request(toHttp2Headers(exchange), {
      endStream: exchange.body === undefined,
      waitForTrailers: exchange.body !== undefined,
    });
    const socket = session.socket;
    exchange.facts.upstreamLocalAddress = `${socket?.localAddress}:${socket?.localPort}`;
    session.ref();
    const onAbort = (): void => stream.close(constants.NGHTTP2_CANCEL);
    signal.addEventListener("abort", onAbort, { once: true });
    stream.once("close", () => {
      signal.removeEventListener("abort", onAbort);
      reject(closeReason(stream, signal));
    });
    stream.on("error", () => {});
    let trailers: HeaderMap | undefined;
    stream.once("trailers", (received) => {
      trailers = fromHttp2Headers(received);
    });
    stream.once("response", (head, flags: number) => {
      // gRPC's trailers-only answer must stay one frame, or its status is not taken for one.
      const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      resolve(toReply(head, isWhole ? undefined : stream, () => trailers));
      if (isWhole) stream.resume();
    });
    sendBody(exchange, stream);
  });
}

function toReply(
  head: IncomingHttpHeaders,
  body: ClientHttp2Stream | undefined,
  trailers: () => HeaderMap | undefined,
): Reply {
  return {
    status: Number(head[":status"]),
    headers: fromHttp2Headers(head),
    body,
    trailers,
  };
}

function closeReason(stream: ClientHttp2Stream, signal: AbortSignal): UpstreamError {
  if (signal.aborted) return new UpstreamError("aborted", "given up", {});
  if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) {
    return new UpstreamError("refused-stream", "stream refused", {});
  }
  const kind = stream.session?.destroyed === false ? "remote-reset" : "reset";
  return new UpstreamError(kind, `stream closed with code ${stream.rstCode}`, {});
}

function sendBody(exchange: Exchange, stream: ClientHttp2Stream): void {
  const { body } = exchange;
  if (!body) return;
  stream.once("wantTrailers", () => {
    // Without trailers Node ends the stream by an empty DATA frame; close() would reset it.
    stream.sendTrailers(exchange.trailers() ?? {});
  });
  copyBody(body, stream, (count) => (exchange.facts.bytesReceived += count)).then(
    () => stream.end(),
    () => stream.close(constants.NGHTTP2_CANCEL),
  );
}
