import type { Clock } from "../../../../time/clock.ts";
import { replyLocally } from "../../data-plane/local-reply.ts";
import type { Stage } from "../../data-plane/stage.ts";
import { falls, type FaultPolicy } from "../routing/route.ts";

/** Delays and aborts, each drawn by itself, before anything is sent upstream. */
export function faultStage(fault: FaultPolicy, clock: Clock, random: () => number): Stage {
  return {
    name: "fault",
    async run(exchange, next) {
      const { delay, abort } = fault;
      if (delay && falls(delay.percent, random)) {
        exchange.facts.flags.add("DI");
        await clock.sleep(delay.delayMs, exchange.signal);
      }
      if (!abort || !falls(abort.percent, random)) return next(exchange);
      const reply = { status: abort.status, body: "fault filter abort" };
      const local = { ...reply, flag: "FI", details: "fault_filter_abort" };
      return replyLocally(exchange, local, abort.grpcStatus);
    },
  };
}
