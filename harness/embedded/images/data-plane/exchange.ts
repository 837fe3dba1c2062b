import type { Duplex, Readable } from "node:stream";

/** Header names in lower case; several values of one name as an array. */
export type HeaderMap = Record<string, string | string[]>;

/** Where the client's connection came from and what it proved about itself. */
export interface Downstream {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The URI of the client's certificate, for example spiffe://cluster.local/ns/a/sa/b. */
  readonly peerIdentity?: string | undefined;
  /** SHA-256 of the client's certificate, lower-case hex. */
  readonly peerHash?: string | undefined;
  /** The name the client asked for in its TLS handshake. */
  readonly serverName?: string | undefined;
}

/** What happened to a request on its way, for access logs and metrics. */
export interface ExchangeFacts {
  startedAtMs: number;
  /** Envoy's response flags: UH, UF, UC, UT, NR, ... */
  readonly flags: Set<string>;
  details: string | undefined;
  transportFailure: string | undefined;
  routeName: string | undefined;
  cluster: string | undefined;
  upstreamHost: string | undefined;
  upstreamLocalAddress: string | undefined;
  /** From the first byte sent upstream to the head of its answer. */
  upstreamServiceTimeMs: number | undefined;
  /** The path before any rewrite. */
  originalPath: string;
  attempts: number;
  bytesReceived: number;
  bytesSent: number;
}

/** One request, independent of the protocol that carried it. Stages may change its head. */
export interface Exchange {
  method: string;
  /** Path and query as the client sent them. */
  path: string;
  scheme: "http" | "https";
  /** The Host header or :authority. */
  authority: string;
  headers: HeaderMap;
  readonly httpVersion: "1.0" | "1.1" | "2";
  /** Absent where the request has no body. */
  readonly body: Readable | undefined;
  /** The trailers that followed the body; known only after it ended. */
  readonly trailers: () => HeaderMap | undefined;
  /** The protocol the client wants to switch to ("websocket"). */
  readonly upgrade: string | undefined;
  readonly downstream: Downstream;
  readonly facts: ExchangeFacts;
  /** Aborted when the client goes away before its answer is complete. */
  readonly signal: AbortSignal;
}

/** An answer, independent of the protocol that will carry it. */
export interface Reply {
  status: number;
  headers: HeaderMap;
  readonly body: Readable | string | undefined;
  readonly trailers?: (() => HeaderMap | undefined) | undefined;
  /** With status 101: the connection to the upstream that now speaks the other protocol. */
  readonly upgraded?: Duplex | undefined;
}

/** Answers one request. Rejects only where the client must see a broken connection. */
export type Handler = (exchange: Exchange) => Promise<Reply>;

/** Fresh facts for a request that has just arrived. */
export function createFacts(path: string, startedAtMs: number): ExchangeFacts {
  return {
    startedAtMs,
    flags: new Set(),
    details: undefined,
    transportFailure: undefined,
    routeName: undefined,
    cluster: undefined,
    upstreamHost: undefined,
    upstreamLocalAddress: undefined,
    upstreamServiceTimeMs: undefined,
    originalPath: path,
    attempts: 0,
    bytesReceived: 0,
    bytesSent: 0,
  };
}
