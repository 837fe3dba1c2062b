import type { Clock } from "../../../time/clock.ts";
import type { Exchange, Reply } from "../data-plane/exchange.ts";
import { exchangeChannel } from "../data-plane/stage.ts";
import type { MeshSnapshot } from "./routing/model.ts";
import { AccessLog, formatAccessLog } from "./stages/access-log.ts";

/** Writes access logs for every request that this process handles, where the mesh asks for them. */
export function observeRequests(snapshot: () => MeshSnapshot, clock: Clock): { flush(): void } {
  const log = new AccessLog(
    (text) => process.stdout.write(text),
    (flush) => void clock.after(1000, flush),
  );
  exchangeChannel.subscribe((message) => {
    const { exchange, reply } = message as { exchange: Exchange; reply: Reply | undefined };
    if (snapshot().meshConfig.accessLogFile === "") return;
    log.add(formatAccessLog(exchange, reply, clock.now()));
  });
  return log;
}
