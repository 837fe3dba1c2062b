import type { Observation } from "../traffic/observation.ts";
import {
  attributeBy,
  Counter,
  errorOf,
  type AttributionOptions,
  type Tally,
} from "./attribution.ts";

/** When a new rule counts as being in force. One of `proves` and `accepts` is needed. */
export interface GateOptions extends AttributionOptions {
  /** An answer that only the new rule can produce: the first one opens the gate. */
  readonly proves?: (observation: Observation) => boolean;
  /** An answer that the new rule allows: `consecutive` of them in a row open the gate. */
  readonly accepts?: (observation: Observation) => boolean;
  /** @default 10 */
  readonly consecutive?: number;
  /** Requests after which it has failed. @default unbounded: the time is bounded then */
  readonly maxRequests?: number;
  /** Time from the first request after which it has failed. @default 30000 */
  readonly maxMs?: number;
}

/** What was seen while waiting. */
export type GateEvidence = {
  readonly requests: number;
  readonly elapsedMs: number;
  /** Who answered, and which errors there were. */
  readonly seen: Tally;
  readonly bestStreak: number;
  readonly wantedStreak: number;
};

/** Waits for the new rule, so that no sample begins under the old one. */
export interface Gate {
  add(observation: Observation): void;
  readonly state: "waiting" | "open" | "expired";
  evidence(): GateEvidence;
}

/** A gate is passed once. What comes after it is the sample, of which nothing is left out. */
export function createGate(options: GateOptions): Gate {
  const { proves, accepts, consecutive = 10, maxRequests = Infinity, maxMs = 30_000 } = options;
  if (!proves && !accepts) throw new TypeError("a gate needs `proves` or `accepts`");
  const targetOf = attributeBy(options);
  const seen = new Counter();
  let requests = 0;
  let startMs: number | undefined;
  let elapsedMs = 0;
  let streak = 0;
  let bestStreak = 0;
  let state: Gate["state"] = "waiting";
  return {
    add(observation) {
      if (state !== "waiting") return;
      requests++;
      startMs ??= observation.intendedAtMs;
      elapsedMs = observation.intendedAtMs + observation.durationMs - startMs;
      seen.add(
        errorOf(observation) ?? targetOf(observation) ?? `status ${observation.status ?? ""}`,
      );
      streak = accepts?.(observation) ? streak + 1 : 0;
      bestStreak = Math.max(bestStreak, streak);
      if (proves?.(observation) || (accepts && streak >= consecutive)) state = "open";
      else if (requests >= maxRequests || elapsedMs >= maxMs) state = "expired";
    },
    get state() {
      return state;
    },
    evidence: () => ({
      requests,
      elapsedMs,
      seen: seen.toTally(),
      bestStreak,
      wantedStreak: accepts ? consecutive : 1,
    }),
  };
}
