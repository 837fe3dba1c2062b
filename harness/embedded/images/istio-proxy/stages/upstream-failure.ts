import type { Exchange } from "../../data-plane/exchange.ts";
import type { LocalReply } from "../../data-plane/local-reply.ts";
import type { FailureKind, UpstreamError } from "../../data-plane/upstream.ts";

// Envoy's words for a reset, and the flag that goes with each.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#response-flags
const resets: Readonly<Record<FailureKind, readonly [reason: string, flag: string]>> = {
  "connect-failure": ["remote connection failure", "UF"],
  "connect-timeout": ["connection timeout", "UF"],
  reset: ["connection termination", "UC"],
  "remote-reset": ["remote reset", "UR"],
  "refused-stream": ["remote refused stream reset", "UR"],
  protocol: ["protocol error", "UPE"],
  overflow: ["overflow", "UO"],
  timeout: ["local reset", "UT"],
  aborted: ["local reset", "DC"],
};

/** What the client is told of an upstream that gave no answer. */
export function toLocalReply(
  exchange: Exchange,
  error: UpstreamError,
  isRetried: boolean,
): LocalReply {
  if (error.kind === "timeout") {
    return timeoutReply("upstream_per_try_timeout");
  }
  const [reason, flag] = resets[error.kind];
  const failure = error.transport ? `delayed connect error: ${error.transport}` : undefined;
  if (failure) exchange.facts.transportFailure = failure.replaceAll(" ", "_");
  const intro = isRetried ? "retried and the latest reset reason" : "reset reason";
  const suffix = failure ? `, transport failure reason: ${failure}` : "";
  const details = [reason, failure].filter(Boolean).join("|").replaceAll(" ", "_");
  return {
    status: 503,
    body: `upstream connect error or disconnect/reset before headers. ${intro}: ${reason}${suffix}`,
    flag,
    details: `upstream_reset_before_response_started{${details}}`,
    ...(error.kind === "overflow" ? { headers: { "x-envoy-overloaded": "true" } } : {}),
  };
}

/** The answer to a request that took too long. */
export function timeoutReply(details: string): LocalReply {
  return { status: 504, body: "upstream request timeout", flag: "UT", details };
}
