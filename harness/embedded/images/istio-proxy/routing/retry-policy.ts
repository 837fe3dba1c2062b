import type { FailureKind } from "../../data-plane/upstream.ts";
import { parseDurationMs } from "./duration.ts";
import type { HttpRule } from "./istio-types.ts";
import type { RetryPolicy } from "./route.ts";

// Istio: what every HTTP route retries unless told otherwise; an answer with status 503 is not among it.
// https://istio.io/latest/docs/concepts/traffic-management/#retries
const defaultOn = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";
const defaultBackoffMs = 25;

/** Turns a rule's `retries`, or their absence, into a policy. */
export function compileRetries(retries: HttpRule["retries"]): RetryPolicy {
  const on = new Set<string>();
  const statuses = new Set<number>();
  for (const condition of (retries?.retryOn || defaultOn).split(",")) {
    const name = condition.trim();
    if (/^\d{3}$/.test(name)) statuses.add(Number(name));
    else if (name !== "") on.add(name);
  }
  return {
    attempts: retries?.attempts ?? 2,
    on,
    statuses,
    perTryTimeoutMs:
      retries?.perTryTimeout === undefined ? undefined : parseDurationMs(retries.perTryTimeout),
    backoffMs:
      (retries?.backoff === undefined ? undefined : parseDurationMs(retries.backoff)) ??
      defaultBackoffMs,
  };
}

/** No second try at all. */
export const noRetries: RetryPolicy = {
  attempts: 0,
  on: new Set(),
  statuses: new Set(),
  perTryTimeoutMs: undefined,
  backoffMs: defaultBackoffMs,
};

/** Whether an upstream's answer is one to try again for. */
export function retriesStatus(
  policy: RetryPolicy,
  status: number,
  grpcStatus: string | undefined,
): boolean {
  const { on } = policy;
  if (policy.statuses.has(status)) return true;
  if (on.has("5xx") && status >= 500) return true;
  if (on.has("gateway-error") && status >= 502 && status <= 504) return true;
  if (on.has("retriable-4xx") && status === 409) return true;
  return grpcStatus !== undefined && on.has(grpcConditions.get(grpcStatus) ?? "");
}

const grpcConditions = new Map([
  ["1", "cancelled"],
  ["4", "deadline-exceeded"],
  ["8", "resource-exhausted"],
  ["13", "internal"],
  ["14", "unavailable"],
]);

/** Whether the lack of an answer is one to try again for. */
export function retriesFailure(policy: RetryPolicy, kind: FailureKind): boolean {
  if (kind === "overflow" || kind === "aborted") return false;
  const { on } = policy;
  if (on.has("5xx") || on.has("gateway-error") || on.has("reset")) return true;
  if (kind === "refused-stream") return on.has("refused-stream") || on.has("reset-before-request");
  if (!kind.startsWith("connect-")) return false;
  return on.has("connect-failure") || on.has("reset-before-request");
}
