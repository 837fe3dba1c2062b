import type { Exchange } from "../../data-plane/exchange.ts";
import type { ReplayBody } from "../../data-plane/replay-body.ts";
import { falls, type Mirror } from "../routing/route.ts";
import type { ProxyEnvironment } from "./forward-route.ts";

/** Sends copies of the request and forgets them: neither their answers nor their failures reach the client. */
export function sendMirrors(
  mirrors: readonly Mirror[],
  exchange: Exchange,
  body: ReplayBody | undefined,
  environment: ProxyEnvironment,
): void {
  for (const mirror of mirrors) {
    if (falls(mirror.percent, environment.random))
      void sendCopy(mirror, exchange, body, environment);
  }
}

async function sendCopy(
  mirror: Mirror,
  exchange: Exchange,
  body: ReplayBody | undefined,
  environment: ProxyEnvironment,
): Promise<void> {
  const cluster = environment.clusters.get(mirror);
  const endpoint = cluster?.choose(exchange, exchange.downstream.remoteAddress);
  if (!cluster || !endpoint) return;
  const copy: Exchange = {
    ...exchange,
    headers: { ...exchange.headers },
    facts: { ...exchange.facts, flags: new Set() },
    body: body?.open(),
  };
  try {
    // Not the client's signal: the copy goes on when the client has its answer.
    const reply = await cluster.send(copy, endpoint, new AbortController().signal);
    if (reply.body && typeof reply.body !== "string") reply.body.on("error", () => {}).resume();
  } catch {
    // Envoy drops a mirror's failure.
  }
}
