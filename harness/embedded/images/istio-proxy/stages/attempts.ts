import type { Clock } from "../../../../time/clock.ts";
import type { Exchange, Reply } from "../../data-plane/exchange.ts";
import { headerValue } from "../../data-plane/headers.ts";
import { replyLocally } from "../../data-plane/local-reply.ts";
import type { ReplayBody } from "../../data-plane/replay-body.ts";
import { endpointKey, UpstreamError } from "../../data-plane/upstream.ts";
import type { LiveCluster } from "../upstreams/live-cluster.ts";
import { retriesFailure, retriesStatus } from "../routing/retry-policy.ts";
import type { RetryPolicy } from "../routing/route.ts";
import { toLocalReply } from "./upstream-failure.ts";

/** What trying needs besides the request. */
export interface AttemptOptions {
  readonly cluster: LiveCluster;
  readonly policy: RetryPolicy;
  readonly body: ReplayBody | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborted when the client is gone or the route's time is up. */
  readonly signal: AbortSignal;
}

type Outcome = { readonly reply: Reply } | { readonly error: UpstreamError };

/** Tries endpoints of one cluster, one after the other, until the policy is satisfied or used up. */
export async function tryEndpoints(exchange: Exchange, options: AttemptOptions): Promise<Reply> {
  const { policy, cluster, signal } = options;
  const tried = new Set<string>();
  for (let attempt = 1; ; attempt += 1) {
    const endpoint = cluster.choose(exchange, exchange.downstream.remoteAddress, tried);
    if (!endpoint) return noHealthyUpstream(exchange);
    tried.add(endpointKey(endpoint));
    exchange.facts.attempts = attempt;
    const outcome = await tryOnce(exchange, endpoint, attempt, options);
    const wantsRetry = !signal.aborted && isRetriable(outcome, policy);
    if (wantsRetry && attempt <= policy.attempts && (options.body?.canReplay ?? true)) {
      discard(outcome);
      await options.clock.sleep(backoffMs(policy, attempt, options.random), signal);
      continue;
    }
    if (wantsRetry && policy.attempts > 0) exchange.facts.flags.add("URX");
    return finish(exchange, outcome, attempt > 1, options);
  }
}

async function tryOnce(
  exchange: Exchange,
  endpoint: Parameters<LiveCluster["send"]>[1],
  attempt: number,
  options: AttemptOptions,
): Promise<Outcome> {
  const { perTryTimeoutMs } = options.policy;
  const own = new AbortController();
  let isTimeUp = false;
  const cancel =
    perTryTimeoutMs === undefined
      ? undefined
      : options.clock.after(perTryTimeoutMs, () => {
          isTimeUp = true;
          own.abort();
        });
  const signal = cancel ? AbortSignal.any([options.signal, own.signal]) : options.signal;
  const sent: Exchange = {
    ...exchange,
    headers: { ...exchange.headers, "x-envoy-attempt-count": String(attempt) },
    body: options.body?.open() ?? exchange.body,
  };
  try {
    return { reply: await options.cluster.send(sent, endpoint, signal) };
  } catch (error) {
    if (isTimeUp) return { error: new UpstreamError("timeout", "per try timeout", {}) };
    if (error instanceof UpstreamError) return { error };
    throw error;
  } finally {
    cancel?.();
  }
}

function isRetriable(outcome: Outcome, policy: RetryPolicy): boolean {
  if ("error" in outcome) return retriesFailure(policy, outcome.error.kind);
  const { status, headers } = outcome.reply;
  return retriesStatus(policy, status, headerValue(headers, "grpc-status"));
}

function discard(outcome: Outcome): void {
  if (!("reply" in outcome)) return;
  const { body } = outcome.reply;
  // The rest is read and dropped, so that the connection can be used again.
  if (body && typeof body !== "string") body.on("error", () => {}).resume();
}

/** Envoy: a random time below the base, twice the base, ... up to ten times the base. */
function backoffMs(policy: RetryPolicy, attempt: number, random: () => number): number {
  const limit = Math.min(policy.backoffMs * (2 ** attempt - 1), policy.backoffMs * 10);
  return random() * limit;
}

function finish(
  exchange: Exchange,
  outcome: Outcome,
  isRetried: boolean,
  options: AttemptOptions,
): Reply {
  options.body?.release();
  if ("error" in outcome) {
    if (outcome.error.kind === "aborted") throw outcome.error;
    return replyLocally(exchange, toLocalReply(exchange, outcome.error, isRetried));
  }
  exchange.facts.details = "via_upstream";
  return outcome.reply;
}

function noHealthyUpstream(exchange: Exchange): Reply {
  return replyLocally(exchange, {
    status: 503,
    body: "no healthy upstream",
    flag: "UH",
    details: "no_healthy_upstream",
  });
}
