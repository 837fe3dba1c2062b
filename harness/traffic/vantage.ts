import { send } from "../../fixtures/client/send.ts";
import type { Observation } from "./observation.ts";
import type { RequestPlan, SendReport, TrafficPlan } from "./plan.ts";

export { podVantage } from "./pod-vantage.ts";

/** A place that requests are sent from. */
export interface Vantage {
  /** `outside`, `deployment/access`. */
  readonly name: string;
  /**
   * Sends what the plan describes and hands over every observation as it comes. Resolves when the
   * plan is through or `stop` is aborted, which is no error.
   */
  send(
    plan: TrafficPlan,
    observe: (observation: Observation) => void,
    stop: AbortSignal,
  ): Promise<SendReport>;
}

/** How requests from this machine find their way. */
export interface OutsideVantageOptions {
  /** Where to connect for a URL; undefined: to the URL's own host and port. */
  readonly resolve?: (
    url: URL,
  ) => RequestPlan["address"] | undefined | Promise<RequestPlan["address"] | undefined>;
}

/** Requests from this process. */
export function outsideVantage(options: OutsideVantageOptions = {}): Vantage {
  return {
    name: "outside",
    async send(plan, observe, stop) {
      const address = plan.address ?? (await options.resolve?.(new URL(plan.url)));
      return send(address ? { ...plan, address } : plan, observe, stop);
    },
  };
}
