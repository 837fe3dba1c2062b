import type { Observation } from "../traffic/observation.ts";
import {
  attributeBy,
  Counter,
  errorOf,
  type AttributionOptions,
  type Tally,
} from "./attribution.ts";
import { requestsForBound, zeroOfBound } from "./confidence.ts";
import { createSettledFact, toVerdict } from "./facts.ts";
import { judgeAll, type Judge } from "./judge.ts";
import type { Outcome, Verdict } from "./verdict.ts";
import { atMost, outcomeWord, percent, plural, probability } from "./wording.ts";

/** How "every single request is right" is judged. */
export interface ExactOptions extends AttributionOptions {
  /** The target that must answer, or a test of the whole answer with its description. */
  readonly expected: string | ExactExpectation;
  /** The share of wrong answers that a PASS rules out. @default 0.01 */
  readonly bound?: number;
  /** Probability of a PASS while the share of wrong answers is `bound` or more. @default 1e-6 */
  readonly beta?: number;
  /** Requests collected after the first wrong one, to tell the cause. @default 20 */
  readonly afterFact?: number;
}

/** A condition on an answer that no target's name expresses: a status, a body. */
export interface ExactExpectation {
  readonly description: string;
  readonly holds: (observation: Observation) => boolean;
}

/** The evidence behind an exact verdict. */
export type ExactEvidence = {
  readonly expected: string;
  readonly right: number;
  readonly wrong: number;
  /** Who answered instead, or what failed. */
  readonly instead: Tally;
  /** The share of wrong answers still possible, at `beta`; only while none was seen. */
  readonly upperBound?: number;
  readonly bound: number;
  /** No request is ever wrong while the rule is right: a FAIL is never a false alarm. */
  readonly alpha: 0;
  readonly beta: number;
  readonly needed: number;
};

/** Judges a complete stream. */
export function judgeExact(
  observations: Iterable<Observation>,
  options: ExactOptions,
): Verdict<ExactEvidence> {
  return judgeAll(createExact(options), observations);
}

/** 0 wrong of n, with n chosen so that the wanted bound follows. One wrong answer is a FAIL. */
export function createExact(options: ExactOptions): Judge<Verdict<ExactEvidence>> {
  const { bound = 0.01, beta = 1e-6, afterFact = 20 } = options;
  const needed = requestsForBound(bound, beta);
  const { description, holds } = toExpectation(options);
  const targetOf = attributeBy(options);
  const instead = new Counter();
  const fact = createSettledFact(afterFact);
  let right = 0;
  let errors = 0;
  let final: Verdict<ExactEvidence> | undefined;

  const conclude = (outcome: Outcome, why?: string): Verdict<ExactEvidence> => {
    const wrong = instead.total;
    const requests = right + wrong;
    const upperBound = wrong === 0 ? zeroOfBound(requests, beta) : undefined;
    const cause = outcome === "fail" ? causeOf(description, right, instead, errors) : undefined;
    const detail = outcome === "pass" ? `error ≤ ${probability(beta)}` : (cause ?? why);
    const limit = upperBound === undefined ? "" : ` · wrong ${atMost(upperBound)}`;
    return toVerdict(
      {
        kind: "exact",
        outcome,
        summary: `${wrong} wrong of ${plural(requests, "request")} · wanted ${description}${limit} · ${outcomeWord(outcome, detail)}`,
        requests,
        evidence: {
          expected: description,
          right,
          wrong,
          instead: instead.toTally(),
          ...(upperBound === undefined ? {} : { upperBound }),
          bound,
          alpha: 0,
          beta,
          needed,
        },
      },
      cause,
    );
  };
  return {
    add(observation) {
      if (final) return;
      fact.next();
      const error = errorOf(observation);
      if (!error && holds(observation)) right++;
      else {
        if (error) errors++;
        instead.add(error ?? targetOf(observation) ?? `status ${observation.status ?? "none"}`);
        fact.mark();
      }
      if (fact.ripe) final = conclude("fail");
      else if (!fact.happened && right >= needed) final = conclude("pass");
    },
    verdict: () => final,
    conclude(why = `${plural(needed, "request")} are needed`) {
      final ??= fact.happened ? conclude("fail") : conclude("inconclusive", why);
      return final;
    },
  };
}

function toExpectation(options: ExactOptions): ExactExpectation {
  const { expected } = options;
  if (typeof expected !== "string") return expected;
  const targetOf = attributeBy(options);
  return {
    description: `every request answered by ${expected}`,
    holds: (observation) => targetOf(observation) === expected,
  };
}

function causeOf(wanted: string, right: number, instead: Counter, errors: number): string {
  const wrong = instead.total;
  const share = percent(wrong / (right + wrong), 2);
  if (errors === wrong && right === 0) return `every request failed: ${instead.words}`;
  if (errors === wrong) return `errors: ${share} of the requests failed: ${instead.words}`;
  if (right === 0) return `the rule is not in force: not once ${wanted}, instead ${instead.words}`;
  if (errors > 0) return `wrong answers and errors in ${share}: ${instead.words}`;
  return wrong / (right + wrong) < 0.1
    ? `a leak of ${share}: ${instead.words}`
    : `the rule does not hold for ${share} of the requests: ${instead.words}`;
}
