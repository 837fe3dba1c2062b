import type { Clock } from "../../../time/clock.ts";
import type { Exchange, Reply } from "../data-plane/exchange.ts";
import { exchangeChannel } from "../data-plane/stage.ts";
import { RequestMetrics } from "./metrics.ts";
import { spiffeName } from "./mutual-tls.ts";
import type { ProxySettings } from "./proxy-environment.ts";
import type { MeshSnapshot } from "./routing/model.ts";
import { AccessLog, formatAccessLog } from "./stages/access-log.ts";

/** What a proxy tells of the requests that it handled. */
export interface Observer {
  /** Prometheus text. */
  readonly metrics: () => string;
  /** Writes the access log's last lines. */
  readonly flush: () => void;
}

/** Counts every request that this process handles, and logs it where the mesh asks for that. */
export function observeRequests(
  snapshot: () => MeshSnapshot,
  settings: ProxySettings,
  clock: Clock,
): Observer {
  const log = new AccessLog(
    (text) => process.stdout.write(text),
    (flush) => void clock.after(1000, flush),
  );
  const { namespace, labels, serviceAccount } = settings;
  const principal = spiffeName(snapshot(), namespace, serviceAccount);
  const metrics = new RequestMetrics({ name: settings.workload, namespace, labels, principal });
  exchangeChannel.subscribe((message) => {
    const { exchange, reply } = message as { exchange: Exchange; reply: Reply | undefined };
    metrics.record(exchange, reply, snapshot(), clock.now());
    if (snapshot().meshConfig.accessLogFile === "") return;
    log.add(formatAccessLog(exchange, reply, clock.now()));
  });
  return { metrics: () => metrics.print(), flush: () => log.flush() };
}
