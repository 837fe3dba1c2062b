import { channel } from "node:diagnostics_channel";
import type { Exchange, Handler, Reply } from "./exchange.ts";

/** One step of handling a request: looks at it, may change it, answers it or passes it on. */
export interface Stage {
  /** Named explicitly, so that a log or a subscriber can tell where a request was answered. */
  readonly name: string;
  readonly run: (exchange: Exchange, next: Handler) => Promise<Reply>;
}

/** Published once a stage has its answer: `{ stage, exchange, reply }`, or `error` in place of `reply`. */
export const stageChannel = channel("kubelab.data-plane.stage");

/** Published once a request's answer has been written or broke off: `{ exchange, reply }`. */
export const exchangeChannel = channel("kubelab.data-plane.exchange");

/** Chains the stages, outermost first, in front of `last`. */
export function compose(stages: readonly Stage[], last: Handler): Handler {
  return stages.reduceRight<Handler>(
    (next, stage) => (exchange) =>
      stageChannel.hasSubscribers ? observe(stage, exchange, next) : stage.run(exchange, next),
    last,
  );
}

async function observe(stage: Stage, exchange: Exchange, next: Handler): Promise<Reply> {
  try {
    const reply = await stage.run(exchange, next);
    stageChannel.publish({ stage: stage.name, exchange, reply });
    return reply;
  } catch (error) {
    stageChannel.publish({ stage: stage.name, exchange, error });
    throw error;
  }
}
