import type { Observation } from "../traffic/observation.ts";
import {
  attributeBy,
  Counter,
  errorOf,
  type AttributionOptions,
  type Tally,
} from "./attribution.ts";
import { createSettledFact, toVerdict } from "./facts.ts";
import { judgeAll, type Judge } from "./judge.ts";
import type { Outcome, Verdict } from "./verdict.ts";
import { outcomeWord, percent, plural, probability } from "./wording.ts";

/** How "all of them are reached" is judged. */
export interface AllReachedOptions extends AttributionOptions {
  /** How members are told apart. @default "pod" */
  readonly by?: AttributionOptions["by"];
  /** The members' names, or how many there must be. */
  readonly members: number | readonly string[];
  /** The smallest share that a member may have. @default half of an even one */
  readonly leastShare?: number;
  /** Probability of a FAIL while every member has at least that share. @default 1e-6 */
  readonly alpha?: number;
  /** Requests collected after a fact that settles a FAIL by itself. @default 20 */
  readonly afterFact?: number;
}

/** The evidence behind an all-reached verdict. A PASS is a plain fact: all were seen. */
export type AllReachedEvidence = {
  readonly members: Tally;
  readonly expectedMembers: number;
  readonly errors: Tally;
  readonly strangers: Tally;
  readonly alpha: number;
  readonly beta: 0;
  /** The request by which all of them must have been seen. */
  readonly needed: number;
};

/** Judges a complete stream. */
export function judgeAllReached(
  observations: Iterable<Observation>,
  options: AllReachedOptions,
): Verdict<AllReachedEvidence> {
  return judgeAll(createAllReached(options), observations);
}

/** PASS once every member has answered, FAIL once one that gets its share would have. */
export function createAllReached(options: AllReachedOptions): Judge<Verdict<AllReachedEvidence>> {
  const { alpha = 1e-6, members } = options;
  const names = typeof members === "number" ? undefined : new Set(members);
  const size = typeof members === "number" ? members : members.length;
  if (!(Number.isInteger(size) && size >= 1))
    throw new RangeError(`members: expected one or more, received ${size}`);
  const leastShare = options.leastShare ?? 1 / (2 * size);
  const needed = Math.ceil(Math.log(alpha / size) / Math.log1p(-leastShare));
  const targetOf = attributeBy({ ...options, by: options.by ?? "pod" });
  const seen = new Counter();
  const errors = new Counter();
  const strangers = new Counter();
  const fact = createSettledFact(options.afterFact ?? 20);
  let requests = 0;
  let final: Verdict<AllReachedEvidence> | undefined;

  const conclude = (outcome: Outcome, why?: string): Verdict<AllReachedEvidence> => {
    const missing = names ? [...names].filter((name) => seen.get(name) === 0) : [];
    const cause = outcome === "fail" ? causeOf(missing) : undefined;
    const error = why ?? (outcome === "fail" ? cause : "all were seen");
    const evidence: AllReachedEvidence = {
      members: seen.toTally(),
      expectedMembers: size,
      errors: errors.toTally(),
      strangers: strangers.toTally(),
      alpha,
      beta: 0,
      needed,
    };
    const summary = `${seen.names.length} of ${size} reached in ${plural(requests, "request")} · ${outcomeWord(outcome, error)}`;
    return toVerdict({ kind: "all-reached", outcome, summary, requests, evidence }, cause);
  };
  const causeOf = (missing: readonly string[]): string => {
    if (errors.total > 0)
      return `errors: ${percent(errors.total / requests)} of the requests failed: ${errors.words}`;
    if (strangers.total > 0) return `answered by others too: ${strangers.words}`;
    const who =
      missing.length > 0 ? missing.join(", ") : plural(size - seen.names.length, "member");
    return `never reached: ${who} (false alarm ≤ ${probability(alpha)})`;
  };
  const take = (observation: Observation): void => {
    const error = errorOf(observation);
    const name = targetOf(observation);
    const known =
      name !== undefined && (names?.has(name) ?? (seen.get(name) > 0 || seen.names.length < size));
    if (!error && known) return seen.add(name);
    if (error) errors.add(error);
    else strangers.add(name ?? `an answer ${observation.status ?? ""} without a name`);
    fact.mark();
  };
  return {
    add(observation) {
      if (final) return;
      requests++;
      fact.next();
      take(observation);
      if (fact.ripe) final = conclude("fail");
      else if (fact.happened) return;
      else if (seen.names.length === size) final = conclude("pass");
      else if (requests >= needed) final = conclude("fail");
    },
    verdict: () => final,
    conclude(why = "no more requests came") {
      final ??= fact.happened ? conclude("fail") : conclude("inconclusive", why);
      return final;
    },
  };
}
