import type { Observation } from "../traffic/observation.ts";
import {
  attributeBy,
  Counter,
  errorOf,
  type AttributionOptions,
  type Tally,
} from "./attribution.ts";
import { argumentMust, capMustBePositive, errorsMustBeSmall } from "./arguments.ts";
import { robbinsInterval } from "./confidence.ts";
import { createSettledFact, toVerdict } from "./facts.ts";
import { createIndependenceTest, dependenceOf, type Independence } from "./independence.ts";
import { judgeAll, type Judge } from "./judge.ts";
import { createSprt, leastMeanRequests, type Sprt } from "./sprt.ts";
import type { TargetEvidence } from "./split.ts";
import type { Outcome, Verdict } from "./verdict.ts";
import { outcomeWord, percent, plural, points, probability, toPoints } from "./wording.ts";

/** How an even spread over exchangeable members (the pods of a Service) is judged. */
export interface BalanceOptions extends AttributionOptions {
  /** How the members are told apart. @default "pod" */
  readonly by?: AttributionOptions["by"];
  /** The members' names, or how many there must be. */
  readonly members: number | readonly string[];
  /** Points that a member's share may be off before a PASS is wrong. @default 10, less with five members or more */
  readonly tolerance?: number;
  /** Probability of a FAIL while the spread is even. @default 1e-6 */
  readonly alpha?: number;
  /** Probability of a PASS while any member's share is off by the tolerance or more. @default 1e-6 */
  readonly beta?: number;
  /** Requests after which it is INCONCLUSIVE. @default eight times the least possible mean */
  readonly cap?: number;
  /** Requests collected after a fact that settles a FAIL by itself. @default 50 */
  readonly afterFact?: number;
}

/** The evidence behind a balance verdict. */
export type BalanceEvidence = {
  readonly members: Readonly<Record<string, TargetEvidence>>;
  readonly expectedMembers: number;
  readonly errors: Tally;
  readonly strangers: Tally;
  readonly tolerance: number;
  readonly alpha: number;
  readonly beta: number;
  readonly cap: number;
  readonly independence: Independence;
};

interface Member {
  readonly index: number;
  readonly name: string;
  hits: number;
}

/** Judges a complete stream. */
export function judgeBalance(
  observations: Iterable<Observation>,
  options: BalanceOptions,
): Verdict<BalanceEvidence> {
  return judgeAll(createBalance(options), observations);
}

/**
 * Every member against the even share plus and minus the tolerance. Members that are only counted
 * get their test when first seen, from the next request on: what follows does not depend on how
 * they were found, so the errors hold as they do for named ones.
 */
export function createBalance(options: BalanceOptions): Judge<Verdict<BalanceEvidence>> {
  const settings = toSettings(options);
  const targetOf = attributeBy({ ...options, by: options.by ?? "pod" });
  const members = new Map<string, Member>();
  const errors = new Counter();
  const strangers = new Counter();
  const order = createIndependenceTest(settings.size);
  const fact = createSettledFact(options.afterFact ?? 50);
  let open: { readonly member: Member; readonly test: Sprt }[] = [];
  let requests = 0;
  let rejected = false;
  let final: Verdict<BalanceEvidence> | undefined;

  const join = (name: string): Member => {
    const member = { index: members.size, name, hits: 0 };
    members.set(name, member);
    open = [...open, ...createTests(settings).map((test) => ({ member, test }))];
    return member;
  };
  for (const name of settings.names) join(name);

  /** The member's name; undefined where the answer is an error or nobody's. */
  const nameOf = (observation: Observation): string | undefined => {
    const error = errorOf(observation);
    const name = targetOf(observation);
    const known = name !== undefined && (members.has(name) || members.size < settings.size);
    if (!error && known) return name;
    if (error) errors.add(error);
    else strangers.add(name ?? `an answer ${observation.status ?? ""} without a name`);
    fact.mark();
    return undefined;
  };
  const step = (name: string | undefined, connection: number): void => {
    let closed = false;
    for (const { member, test } of open) {
      test.add(member.name === name);
      if (test.decision === "reject") rejected = true;
      if (test.decision) closed = true;
    }
    if (closed) open = open.filter(({ test }) => !test.decision);
    if (name === undefined) return;
    const member = members.get(name) ?? join(name);
    member.hits++;
    order.add(member.index, connection);
  };
  const decide = (): Outcome | undefined => {
    if (fact.ripe || rejected) return "fail";
    if (fact.happened) return undefined;
    if (members.size < settings.size) return requests >= settings.allSeenBy ? "fail" : undefined;
    return open.length === 0 ? "pass" : undefined;
  };
  const conclude = (outcome: Outcome, why?: string): Verdict<BalanceEvidence> => {
    const evidence: BalanceEvidence = {
      members: toMembers(members, settings, requests),
      expectedMembers: settings.size,
      errors: errors.toTally(),
      strangers: strangers.toTally(),
      tolerance: toPoints(settings.tolerance),
      alpha: settings.alpha,
      beta: settings.beta,
      cap: settings.cap,
      independence: order.result(),
    };
    const cause = outcome === "fail" ? causeOf(evidence, errors, strangers, requests) : undefined;
    const summary = summarize(evidence, requests, outcome, cause ?? why);
    return toVerdict({ kind: "balance", outcome, summary, requests, evidence }, cause);
  };
  return {
    add(observation) {
      if (final) return;
      requests++;
      fact.next();
      step(nameOf(observation), observation.connection);
      const outcome = decide();
      const dependence = outcome === "pass" ? dependenceOf(order.result()) : undefined;
      if (dependence !== undefined) final = conclude("inconclusive", dependence);
      else if (outcome) final = conclude(outcome);
      else if (requests >= settings.cap)
        final = fact.happened
          ? conclude("fail")
          : conclude("inconclusive", `undecided at the cap of ${plural(settings.cap, "request")}`);
    },
    verdict: () => final,
    conclude(why = "no more requests came") {
      final ??= fact.happened ? conclude("fail") : conclude("inconclusive", why);
      return final;
    },
  };
}

interface Settings {
  readonly names: readonly string[];
  readonly size: number;
  readonly share: number;
  readonly tolerance: number;
  readonly alpha: number;
  readonly beta: number;
  readonly cap: number;
  /** Alpha's part for each side of each member, and for a member that is never seen. */
  readonly part: number;
  /** The request by which an even spread has shown every member. */
  readonly allSeenBy: number;
}

function toSettings(options: BalanceOptions): Settings {
  const { alpha = 1e-6, beta = 1e-6 } = options;
  const names = typeof options.members === "number" ? [] : options.members;
  const size = typeof options.members === "number" ? options.members : names.length;
  argumentMust(Number.isInteger(size) && size >= 2, "members", "two or more", size);
  argumentMust(new Set(names).size === names.length, "members", "each one once", names.join(", "));
  const tolerance = (options.tolerance ?? Math.min(10, 40 / size)) / 100;
  const share = 1 / size;
  argumentMust(
    tolerance > 0 && tolerance < share,
    "tolerance",
    `points between 0 and the even share ${points(share)}`,
    toPoints(tolerance),
  );
  errorsMustBeSmall({ alpha, beta });
  if (options.cap !== undefined) capMustBePositive(options.cap);
  const part = alpha / (2 * size + 1);
  const versus = share - tolerance;
  const least = leastMeanRequests({ share, versus, alpha: part, beta });
  const allSeenBy = Math.ceil(Math.log(part / size) / Math.log1p(-share));
  const cap = options.cap ?? Math.ceil(8 * least);
  return { names, size, share, tolerance, alpha, beta, cap, part, allSeenBy };
}

function createTests({ share, tolerance, part, beta }: Settings): Sprt[] {
  return [share - tolerance, Math.min(1, share + tolerance)].map((versus) =>
    createSprt({ share, versus, alpha: part, beta }),
  );
}

function toMembers(
  members: ReadonlyMap<string, Member>,
  settings: Settings,
  requests: number,
): Record<string, TargetEvidence> {
  return Object.fromEntries(
    [...members].map(([name, { hits }]) => {
      const interval = robbinsInterval({
        hits,
        misses: requests - hits,
        expected: settings.share,
        error: settings.alpha / settings.size,
      });
      const share = requests === 0 ? 0 : hits / requests;
      return [name, { wanted: settings.share, count: hits, share, ...interval }];
    }),
  );
}

function causeOf(
  evidence: BalanceEvidence,
  errors: Counter,
  strangers: Counter,
  requests: number,
): string {
  const seen = Object.entries(evidence.members).filter(([, member]) => member.count > 0);
  const missing = Object.keys(evidence.members).filter((name) => !seen.some(([n]) => n === name));
  if (errors.total === requests) return `every request failed: ${errors.words}`;
  if (errors.total > 0)
    return `errors: ${percent(errors.total / requests)} of the requests failed: ${errors.words}`;
  if (strangers.total > 0)
    return `more than ${evidence.expectedMembers} members answer: also ${strangers.words}`;
  const [first] = seen;
  if (seen.length === 1 && first)
    return `everything goes to ${first[0]}: one connection, or one endpoint only`;
  if (seen.length < evidence.expectedMembers)
    return missing.length > 0
      ? `never reached: ${missing.join(", ")}`
      : `${seen.length} of ${evidence.expectedMembers} members answer`;
  const [most] = seen.toSorted(([, a], [, b]) => b.count - a.count);
  return `uneven: ${most?.[0]} gets ${percent(most?.[1].share ?? 0)}`;
}

function summarize(
  evidence: BalanceEvidence,
  requests: number,
  outcome: Outcome,
  detail: string | undefined,
): string {
  const seen = Object.entries(evidence.members)
    .map(([name, member]) => `${name} ${percent(member.share)}`)
    .join(" ");
  const error = `error ≤ ${probability(Math.max(evidence.alpha, evidence.beta))}`;
  const order = evidence.independence.pattern === "rotating" ? " in rotation" : "";
  const wanted = `${evidence.expectedMembers} × ${points(1 / evidence.expectedMembers)}`;
  return `${seen || "nobody"}${order} of ${plural(requests, "request")} · wanted ${wanted} ± ${points(evidence.tolerance / 100)} · ${outcomeWord(outcome, outcome === "pass" ? error : detail)}`;
}
