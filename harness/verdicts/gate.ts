import type { Observation } from "../traffic/observation.ts";
import {
  attributeBy,
  Counter,
  errorOf,
  listTally,
  type AttributionOptions,
  type Tally,
} from "./attribution.ts";
import type { Verdict } from "./verdict.ts";
import { duration, outcomeWord, plural } from "./wording.ts";

/** When a new rule counts as being in force. */
export interface GateOptions extends AttributionOptions {
  /** Whether an answer shows the new rule. */
  readonly shows: (observation: Observation) => boolean;
  /** How many such answers in a row open the gate; 1 where only the new rule can produce one. @default 1 */
  readonly consecutive?: number;
  /** How long they must have gone on, from the first one's send to the last one's, in milliseconds. @default 0 */
  readonly lastingMs?: number;
}

/** What was seen while waiting. */
export type GateEvidence = {
  readonly requests: number;
  /** Who answered, and which errors there were. */
  readonly seen: Tally;
  readonly bestStreak: number;
  readonly wantedStreak: number;
};

/** Waits for the new rule, so that no sample begins under the old one. */
export interface Gate {
  add(observation: Observation): void;
  readonly isOpen: boolean;
  evidence(): GateEvidence;
}

/** A gate is passed once. What comes after it is the sample, of which nothing is left out. */
export function createGate(options: GateOptions): Gate {
  const { shows, consecutive = 1, lastingMs = 0 } = options;
  const targetOf = attributeBy(options);
  const seen = new Counter();
  let requests = 0;
  let streak = 0;
  let streakFromMs = 0;
  let bestStreak = 0;
  let isOpen = false;
  return {
    add(observation) {
      if (isOpen) return;
      requests++;
      seen.add(
        errorOf(observation) ?? targetOf(observation) ?? `status ${observation.status ?? ""}`,
      );
      streak = shows(observation) ? streak + 1 : 0;
      if (streak === 1) streakFromMs = observation.sentAtMs;
      bestStreak = Math.max(bestStreak, streak);
      isOpen = streak >= consecutive && observation.sentAtMs - streakFromMs >= lastingMs;
    },
    get isOpen() {
      return isOpen;
    },
    evidence: () => ({ requests, seen: seen.toTally(), bestStreak, wantedStreak: consecutive }),
  };
}

/** The verdict where a gate stayed shut: what was waited for, for how long, and what was seen instead. */
export function toShutVerdict(
  marker: string,
  evidence: GateEvidence,
  waitedMs: number,
): Verdict<GateEvidence & { readonly marker: string; readonly waitedMs: number }> {
  const { requests, seen, bestStreak, wantedStreak } = evidence;
  const cause = "the rule is not in force";
  const streak =
    bestStreak === 0
      ? `not once in ${plural(requests, "answer")}`
      : `at best ${bestStreak} in a row of ${wantedStreak} in ${plural(requests, "answer")}`;
  const instead = requests === 0 ? "nothing at all" : listTally(seen);
  return {
    kind: "gate",
    outcome: "fail",
    summary: `${marker}: ${streak} within ${duration(waitedMs)}; seen: ${instead} · ${outcomeWord("fail", cause)}`,
    requests,
    evidence: { ...evidence, marker, waitedMs },
    cause,
  };
}
