import type { Observation } from "../traffic/observation.ts";
import { argumentMust } from "./arguments.ts";
import { Counter, type Tally } from "./attribution.ts";
import { requestsForBound, zeroOfBound } from "./confidence.ts";
import { createSettledFact, toVerdict } from "./facts.ts";
import type { Judge } from "./judge.ts";
import type { Outcome, Verdict } from "./verdict.ts";
import { atMost, outcomeWord, plural, probability } from "./wording.ts";

/** How surely "not one is wrong" is claimed. */
export interface ZeroWrongOptions {
  /** The share of wrong ones that a PASS rules out. @default 0.01 */
  readonly bound?: number;
  /** Probability of a PASS while the share of wrong ones is `bound` or more. @default 1e-6 */
  readonly beta?: number;
  /** Requests collected after the first wrong one, to tell the cause. @default 20 */
  readonly afterFact?: number;
}

/** The evidence behind "0 wrong of n". */
export type ZeroWrongEvidence = {
  readonly wanted: string;
  readonly right: number;
  readonly wrong: number;
  /** What there was instead. */
  readonly instead: Tally;
  /** The share of wrong ones still possible, at `beta`; only while none was seen. */
  readonly upperBound?: number;
  readonly bound: number;
  /** Nothing is ever wrong while the rule is right: a FAIL is never a false alarm. */
  readonly alpha: 0;
  readonly beta: number;
  /** How many right ones a PASS takes. */
  readonly needed: number;
};

/** What was counted when a cause is asked for. */
export interface ZeroWrongCounts {
  readonly right: number;
  readonly wrong: number;
  readonly errors: number;
  readonly instead: string;
}

/** One condition that every observation must meet. */
export interface Condition {
  readonly kind: string;
  /** What is wanted, in words. */
  readonly wanted: string;
  /** What is counted: "request". */
  readonly unit: string;
  /** undefined: right; "skip": says nothing; else what is wrong with it. */
  readonly check: (
    observation: Observation,
  ) => undefined | "skip" | { readonly what: string; readonly error?: boolean };
  readonly cause: (counts: ZeroWrongCounts) => string;
}

/** 0 wrong of n, with n chosen so that the wanted bound follows. One wrong one is a FAIL. */
export function createZeroWrong(
  condition: Condition,
  options: ZeroWrongOptions,
): Judge<Verdict<ZeroWrongEvidence>> {
  const { bound = 0.01, beta = 1e-6, afterFact = 20 } = options;
  for (const [name, value] of Object.entries({ bound, beta }))
    argumentMust(value > 0 && value < 1, name, "between 0 and 1", value);
  const needed = requestsForBound(bound, beta);
  const instead = new Counter();
  const fact = createSettledFact(afterFact);
  let requests = 0;
  let right = 0;
  let errors = 0;
  let final: Verdict<ZeroWrongEvidence> | undefined;

  const conclude = (outcome: Outcome, why?: string): Verdict<ZeroWrongEvidence> => {
    const wrong = instead.total;
    const upperBound = wrong === 0 ? zeroOfBound(right, beta) : undefined;
    const counts = { right, wrong, errors, instead: instead.words };
    const cause = outcome === "fail" ? condition.cause(counts) : undefined;
    const detail = outcome === "pass" ? `error ≤ ${probability(beta)}` : (cause ?? why);
    const limit = upperBound === undefined ? "" : ` · wrong ${atMost(upperBound)}`;
    const summary = `${wrong} wrong of ${plural(right + wrong, condition.unit)} · wanted ${condition.wanted}${limit} · ${outcomeWord(outcome, detail)}`;
    const evidence: ZeroWrongEvidence = {
      wanted: condition.wanted,
      right,
      wrong,
      instead: instead.toTally(),
      ...(upperBound === undefined ? {} : { upperBound }),
      bound,
      alpha: 0,
      beta,
      needed,
    };
    return toVerdict({ kind: condition.kind, outcome, summary, requests, evidence }, cause);
  };
  return {
    add(observation) {
      if (final) return;
      requests++;
      fact.next();
      const wrong = condition.check(observation);
      if (wrong === undefined) right++;
      else if (wrong !== "skip") {
        if (wrong.error) errors++;
        instead.add(wrong.what);
        fact.mark();
      }
      if (fact.ripe) final = conclude("fail");
      else if (!fact.happened && right >= needed) final = conclude("pass");
    },
    verdict: () => final,
    conclude(why = "no more requests came") {
      final ??= fact.happened
        ? conclude("fail")
        : conclude("inconclusive", `${why}; ${plural(needed, condition.unit)} are needed`);
      return final;
    },
  };
}
