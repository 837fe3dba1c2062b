/** Why a request got no usable answer. */
export type ErrorClass =
  | "refused"
  | "reset"
  | "tls"
  | "timeout"
  | "dns"
  | "unreachable"
  | "truncated"
  | "5xx"
  | "wrong-status"
  | "wrong-version"
  | "protocol";

/** Who answered, as the fixture apps say in every answer. */
export interface Responder {
  readonly app: string;
  readonly version: string;
  readonly pod: string;
}

/** One request and what came of it. There are no retries: one request is one observation. */
export interface Observation {
  /** 0, 1, 2, ... in the order sent. */
  readonly sequence: number;
  /** When it should have been sent and when it was, in milliseconds since the epoch. */
  readonly intendedAtMs: number;
  readonly sentAtMs: number;
  /** From the intended time to the end of the answer. */
  readonly durationMs: number;
  /** The connection that carried it: equal numbers, same connection. */
  readonly connection: number;
  /** Of an open-loop load with both: whether it went on a connection of its own. */
  readonly stream?: "new" | "kept-alive";
  readonly responder?: Responder;
  /** Who answered the responder, where it asked another app on the request's behalf. */
  readonly upstream?: Responder;
  /** HTTP status; gRPC status for gRPC. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The first 4 KiB of the body, where the plan asks for it. */
  readonly body?: string;
  readonly error?: ErrorClass;
  /** The error's own words, for people. */
  readonly errorDetail?: string;
  /** For 5xx and the like: what made the answer ("envoy", "istio-envoy", "nginx", "app"). */
  readonly origin?: string;
}
