import type { Observation } from "../traffic/observation.ts";
import type { SendReport } from "../traffic/plan.ts";
import type { Tally } from "./attribution.ts";
import { duration, percent, plural } from "./wording.ts";

/** How well the sender must have kept its schedule for the verdict to count. */
export interface ScheduleOptions {
  /** Part of the planned requests that must have been sent. @default 0.99 */
  readonly leastSent?: number;
  /** How late 99 of 100 requests may leave. @default 50 */
  readonly maxLateMs?: number;
  /** How long the sender's event loop may stand still. @default 250 */
  readonly maxLagMs?: number;
}

/** Whether what failed may be the sender's own doing: timeouts of one that stood still, or nothing at all. */
export function mayBeOwn(shortfall: string | undefined, byClass: Tally): shortfall is string {
  return shortfall !== undefined && Object.keys(byClass).every((one) => one === "timeout");
}

/** Why the load did not test what it was meant to; undefined where it did. */
export function shortfallOf(
  report: SendReport,
  observations: readonly Observation[],
  options: ScheduleOptions = {},
): string | undefined {
  const { leastSent = 0.99, maxLateMs = 50, maxLagMs = 250 } = options;
  const { planned, sent, lateMs, eventLoopLagMs } = report;
  if (!(planned > 0) || observations.length === 0) return "nothing was sent";
  if (!(sent >= planned * leastSent))
    return `the sender only made ${plural(sent, "request")} of ${planned} (${percent(sent / planned)})`;
  if (observations.length < sent)
    return `${plural(sent - observations.length, "request")} of ${sent} ended without an observation`;
  // So written that what is no number cannot pass either.
  if (!(lateMs.p99 <= maxLateMs))
    return `requests left late: 1 in 100 by more than ${duration(lateMs.p99)}`;
  if (!(eventLoopLagMs <= maxLagMs))
    return `the sender stood still for ${duration(eventLoopLagMs)}`;
  return undefined;
}
