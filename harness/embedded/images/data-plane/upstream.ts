import type { SecureContext } from "node:tls";
import type { Exchange, Reply } from "./exchange.ts";

/** One place a request can be sent to. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** TLS towards an upstream. */
export interface UpstreamTls {
  readonly context: SecureContext;
  readonly serverName?: string | undefined;
  readonly alpn?: readonly string[] | undefined;
  /** Judges the certificate's identity; returns what is wrong with it. */
  readonly verifyPeer?: ((uriSan: string | undefined) => string | undefined) | undefined;
  /** Accept any certificate, as Istio's SIMPLE does without caCertificates. */
  readonly insecure?: boolean | undefined;
}

/** Why no answer came from an upstream: what Envoy calls the reset reason. */
export type FailureKind =
  | "connect-failure"
  | "connect-timeout"
  | "reset"
  | "remote-reset"
  | "refused-stream"
  | "protocol"
  | "overflow"
  | "timeout"
  | "aborted";

/** An upstream gave no answer. */
export class UpstreamError extends Error {
  readonly kind: FailureKind;
  /** The transport's own words: "Connection refused". */
  readonly transport: string | undefined;

  constructor(
    kind: FailureKind,
    message: string,
    options: { cause?: unknown; transport?: string },
  ) {
    super(message, { cause: options.cause });
    this.name = "UpstreamError";
    this.kind = kind;
    this.transport = options.transport;
  }
}

/** Connections to the endpoints of one destination, kept and reused an endpoint at a time. */
export interface UpstreamPool {
  /**
   * Sends the request to exactly this endpoint and resolves with the head of its answer.
   * Rejects with UpstreamError where none came; never tries again.
   */
  send(exchange: Exchange, endpoint: Endpoint, signal: AbortSignal): Promise<Reply>;
  /** Closes idle connections to endpoints that are no longer wanted; busy ones finish first. */
  retain(wanted: ReadonlySet<string>): void;
  close(): void;
}

/** "10.244.0.7:8080" */
export function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.address}:${endpoint.port}`;
}

const transportWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ETIMEDOUT: "Connection timed out",
  ECONNRESET: "Connection reset by peer",
  EPIPE: "Broken pipe",
};

/** Turns a socket's error into the reason Envoy would give. */
export function toUpstreamError(error: unknown, connected: boolean): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (!connected) {
    const words = transportWords[code ?? ""] ?? message;
    return new UpstreamError("connect-failure", words, { cause: error, transport: words });
  }
  if (code?.startsWith("HPE_")) return new UpstreamError("protocol", message, { cause: error });
  return new UpstreamError("reset", message, { cause: error });
}
