import type { Observation } from "../traffic/observation.ts";
import { countMustBeWhole } from "./arguments.ts";
import { Counter, errorOf, type Tally } from "./attribution.ts";
import { createSettledFact, toVerdict } from "./facts.ts";
import { judgeAll, type Judge } from "./judge.ts";
import type { Outcome, Verdict } from "./verdict.ts";
import { count, outcomeWord, plural } from "./wording.ts";

/** How "every request raises the counter by exactly one" is judged. */
export interface CounterExactOptions {
  /** The counter's value in an answer; undefined where it holds none. */
  readonly valueOf: (observation: Observation) => number | undefined;
  /** The value before the first request, where known. */
  readonly before?: number;
  /** How many requests are made. @default 100 */
  readonly requests?: number;
  /** Requests collected after a fact that settles a FAIL by itself. @default 20 */
  readonly afterFact?: number;
}

/** The evidence behind a counter-exact verdict. No chance is involved: both errors are 0. */
export type CounterExactEvidence = {
  readonly requests: number;
  /** The lowest and the highest value seen. */
  readonly first?: number;
  readonly last?: number;
  /** Values that came twice. */
  readonly repeated: readonly number[];
  /** Values between first and last that never came. */
  readonly skipped: number;
  readonly errors: Tally;
  readonly alpha: 0;
  readonly beta: 0;
};

/** Judges a complete stream. */
export function judgeCounterExact(
  observations: Iterable<Observation>,
  options: CounterExactOptions,
): Verdict<CounterExactEvidence> {
  return judgeAll(createCounterExact(options), observations);
}

/** The values of n answers, in any order, are n numbers in a row, none of them twice. */
export function createCounterExact(
  options: CounterExactOptions,
): Judge<Verdict<CounterExactEvidence>> {
  const { valueOf, before, requests: wanted = 100 } = options;
  countMustBeWhole("requests", wanted, 1);
  const values = new Set<number>();
  const repeated = new Set<number>();
  const errors = new Counter();
  const fact = createSettledFact(options.afterFact ?? 20);
  let requests = 0;
  let final: Verdict<CounterExactEvidence> | undefined;

  const evidence = (): CounterExactEvidence => {
    const bounds = values.size > 0 ? { first: Math.min(...values), last: Math.max(...values) } : {};
    const span = bounds.last === undefined ? 0 : bounds.last - bounds.first + 1;
    return {
      requests,
      ...bounds,
      repeated: [...repeated],
      skipped: span - values.size,
      errors: errors.toTally(),
      alpha: 0,
      beta: 0,
    };
  };
  const causeOf = (found: CounterExactEvidence): string | undefined => {
    if (errors.total === requests && requests > 0) return `every request failed: ${errors.words}`;
    if (errors.total > 0) return `errors: ${errors.words}`;
    if (repeated.size > 0)
      return `${plural(repeated.size, "value")} came more than once: more than one counter is kept`;
    if (before !== undefined && found.first !== undefined && found.first !== before + 1)
      return `it went on at ${count(found.first)}, not at ${count(before + 1)}: another counter, or others counted too`;
    if (found.skipped > 0)
      return `${plural(found.skipped, "value")} never came: others counted too, or requests counted twice`;
    return undefined;
  };
  const conclude = (outcome: Outcome, why?: string): Verdict<CounterExactEvidence> => {
    const found = evidence();
    const cause = outcome === "fail" ? causeOf(found) : undefined;
    const range =
      found.first === undefined ? "no value" : `${count(found.first)} to ${count(found.last ?? 0)}`;
    const summary = `${range} in ${plural(requests, "request")} · wanted one each · ${outcomeWord(outcome, cause ?? why)}`;
    return toVerdict({ kind: "counter-exact", outcome, summary, requests, evidence: found }, cause);
  };
  const take = (observation: Observation): void => {
    const error = errorOf(observation);
    const value = error ? undefined : valueOf(observation);
    if (value === undefined || !Number.isSafeInteger(value)) {
      errors.add(error ?? "an answer without the counter");
      return fact.mark();
    }
    if (values.has(value)) {
      repeated.add(value);
      fact.mark();
    }
    values.add(value);
  };
  return {
    add(observation) {
      if (final) return;
      requests++;
      fact.next();
      take(observation);
      if (fact.ripe) final = conclude("fail");
      else if (requests >= wanted) final = conclude(causeOf(evidence()) ? "fail" : "pass");
    },
    verdict: () => final,
    conclude(why = "no more requests came") {
      final ??= fact.happened
        ? conclude("fail")
        : conclude("inconclusive", `${why}; ${plural(wanted, "request")} are needed`);
      return final;
    },
  };
}
