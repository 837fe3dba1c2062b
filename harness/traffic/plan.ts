/** One request, sent again and again. JSON, so that it can be handed to a program in a pod. */
export interface RequestPlan {
  /** HTTP/1.1, HTTP/2 with prior knowledge or by ALPN, gRPC unary, or a raw TCP exchange. @default "http" */
  readonly protocol?: "http" | "http2" | "grpc" | "tcp";
  /** `http://logic:8080/path`, `https://…`; for gRPC `http://host:port`, for TCP `tcp://host:port`. */
  readonly url: string;
  /** @default "GET" */
  readonly method?: string;
  /** Sent as they are, `host` included. For gRPC: metadata. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The request's body; for TCP what is written after connecting. */
  readonly body?: string;
  /** The unary method called, and its request message in base64. @default Greeter.SayHello with an empty name */
  readonly grpc?: { readonly path: string; readonly message: string };
  /** From the intended time to the end of the answer. @default 5000 */
  readonly timeoutMs?: number;
  /** Connect here instead of to the URL's host and port. */
  readonly address?: { readonly host: string; readonly port: number };
  readonly tls?: TlsPlan;
  /** Statuses that are right; any other is an error. @default everything below 500 */
  readonly expectStatus?: readonly number[];
  /** The only version that may answer; any other is an error. */
  readonly expectVersion?: string;
  /** Keep the answers' headers in the observations. @default false */
  readonly keepHeaders?: boolean;
  /** Keep the first 4 KiB of the answers' bodies. @default false, always for TCP */
  readonly keepBody?: boolean;
  /** The body is the pod's name where no header names the responder. @default false */
  readonly podInBody?: boolean;
}

/** How the server is trusted, and what the client shows. PEM texts. */
export interface TlsPlan {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  /** Accept any certificate. @default false */
  readonly insecure?: boolean;
}

/** Each sender waits for its answer before it sends again: for shares. */
export interface ClosedLoopPlan extends RequestPlan {
  readonly mode: "closed";
  /** A new connection for every request, or this many kept alive. */
  readonly connections: "new" | number;
  /** Requests under way at once; with HTTP/1.1 on kept connections as many as those. @default 10, or the number of connections */
  readonly concurrency?: number;
  /** Stop after this many requests. */
  readonly limit?: number;
  /** How long each sender rests between an answer and its next request. @default 0 */
  readonly restMs?: number;
}

/** Requests leave by the clock whatever the answers do: for losses and latency. */
export interface OpenLoopPlan extends RequestPlan {
  readonly mode: "open";
  /** Requests per second of each stream. */
  readonly ratePerSecond: number;
  /** Until stopped where absent. */
  readonly durationMs?: number;
  /** Which streams run side by side. @default both */
  readonly streams?: readonly ("new" | "kept-alive")[];
}

export type TrafficPlan = ClosedLoopPlan | OpenLoopPlan;

/** What the sender says of itself when it ends: whether it kept its own promises. */
export interface SendReport {
  /** Requests that fell due; for a closed loop those sent. */
  readonly planned: number;
  readonly sent: number;
  readonly elapsedMs: number;
  /** How late requests left after their intended time. */
  readonly lateMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The longest time that the sender's event loop stood still. */
  readonly eventLoopLagMs: number;
}
