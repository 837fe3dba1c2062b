import type { Observation } from "../traffic/observation.ts";
import {
  attributeBy,
  Counter,
  errorOf,
  listTally,
  type AttributionOptions,
  type Tally,
} from "./attribution.ts";
import {
  argumentMust,
  capMustBePositive,
  countMustBeWhole,
  errorsMustBeSmall,
} from "./arguments.ts";
import { robbinsInterval, zeroOfBound } from "./confidence.ts";
import { createIndependenceTest, dependenceOf, type Independence, PINNED } from "./independence.ts";
import { judgeAll, type Judge } from "./judge.ts";
import { likeliestCause } from "./share-causes.ts";
import {
  createShareTest,
  ERROR,
  defaultCap,
  STRANGER,
  type ShareFailure,
  type ShareTestOptions,
} from "./share-test.ts";
import type { Outcome, Verdict } from "./verdict.ts";
import { count, outcomeWord, percent, plural, points, probability, toPoints } from "./wording.ts";

/** How a split over two or more targets is judged. */
export interface SplitOptions extends AttributionOptions {
  /**
   * Target to weight, on any scale: `{ v1: 90, v2: 10 }`. A weight of 0: it must get nothing, and a PASS rules
   * out that it gets 1 %.
   */
  readonly weights: Readonly<Record<string, number>>;
  /** Points that a share may be off before a PASS is wrong. @default 5 */
  readonly tolerance?: number;
  /** Probability of a FAIL while the split is right. @default 1e-6 */
  readonly alpha?: number;
  /** Probability of a PASS while any share is off by the tolerance or more. @default 1e-6 */
  readonly beta?: number;
  /** Share of failed requests that a PASS rules out; 0: none may fail. @default 0 */
  readonly maxErrorShare?: number;
  /** Requests after which it is INCONCLUSIVE. @default eight times the least possible mean */
  readonly cap?: number;
  /** Requests collected after a fact that settles a FAIL by itself (error, leak), to tell its cause. @default 50 */
  readonly afterFact?: number;
  /** Pods behind each target, where known: lets a FAIL tell that no rule is in force. */
  readonly pods?: Readonly<Record<string, number>>;
}

/** What is known of one target: its count, and an interval that may be looked at at any time. */
export type TargetEvidence = {
  readonly wanted: number;
  readonly count: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
};

/** The evidence behind a split verdict. */
export type SplitEvidence = {
  readonly targets: Readonly<Record<string, TargetEvidence>>;
  /** Failed requests by class, part of n like any other. */
  readonly errors: Tally;
  readonly errorCount: number;
  /** The error share that this many failures of n leave possible, at `beta`. */
  readonly errorBound: number;
  /** Answers of none of the targets. */
  readonly strangers: Tally;
  readonly tolerance: number;
  readonly alpha: number;
  readonly beta: number;
  /** The intervals hold jointly and at all times with this probability at least. */
  readonly confidence: number;
  readonly cap: number;
  readonly independence: Independence;
};

/** What can be shown while a split is sampled. */
export interface SplitProgress {
  readonly requests: number;
  readonly targets: Readonly<Record<string, TargetEvidence>>;
  readonly errors: number;
}

/** A split verdict under way. */
export interface SplitJudge extends Judge<Verdict<SplitEvidence>> {
  live(): SplitProgress;
}

/** Judges a complete stream. */
export function judgeSplit(
  observations: Iterable<Observation>,
  options: SplitOptions,
): Verdict<SplitEvidence> {
  return judgeAll(createSplit(options), observations);
}

/** Two simultaneous sequential tests a target, with stated errors that hold jointly. */
export function createSplit(options: SplitOptions): SplitJudge {
  const names = Object.keys(options.weights);
  const settings = toShareTestOptions(options);
  const cap = options.cap ?? defaultCap(settings);
  const test = createShareTest(settings);
  const indices = new Map(names.map((name, i) => [name, i]));
  const targetOf = attributeBy(options);
  const order = createIndependenceTest(names.length);
  const errors = new Counter();
  const strangers = new Counter();
  let final: Verdict<SplitEvidence> | undefined;

  const categorize = (observation: Observation): number => {
    const error = errorOf(observation);
    if (error) {
      errors.add(error);
      return ERROR;
    }
    const name = targetOf(observation);
    const index = name === undefined ? undefined : indices.get(name);
    if (index === undefined) {
      strangers.add(name ?? `an answer ${observation.status ?? ""} without a name`);
      return STRANGER;
    }
    order.add(index, observation.connection);
    return index;
  };
  const targets = (): Record<string, TargetEvidence> => toTargets(names, settings, test);
  const evidence = (): SplitEvidence => ({
    targets: targets(),
    errors: errors.toTally(),
    errorCount: errors.total,
    errorBound: errorBound(errors.total, test.requests, settings.beta),
    strangers: strangers.toTally(),
    tolerance: toPoints(settings.tolerance),
    alpha: settings.alpha,
    beta: settings.beta,
    confidence: 1 - settings.alpha,
    cap,
    independence: order.result(),
  });
  const conclude = (outcome: Outcome, why?: string): Verdict<SplitEvidence> => {
    const found = evidence();
    const cause =
      outcome === "fail" ? causeOf(options, test.failure, found, test.requests) : undefined;
    return {
      kind: "split",
      outcome,
      summary: summarize(settings, found, test.requests, outcome, cause ?? why),
      requests: test.requests,
      evidence: found,
      ...(cause === undefined ? {} : { cause }),
    };
  };
  return {
    add(observation) {
      if (final) return;
      test.add(categorize(observation));
      if (test.decision) final = decided(test.decision);
      else if (test.requests >= cap) final = stop(`undecided at the cap of ${count(cap)} requests`);
    },
    verdict: () => final,
    conclude(why = "no more requests came") {
      final ??= stop(why);
      return final;
    },
    live: () => ({ requests: test.requests, targets: targets(), errors: errors.total }),
  };

  /** A PASS counts independent requests; a FAIL says what was seen in any case. */
  function decided(outcome: "pass" | "fail"): Verdict<SplitEvidence> {
    const dependence = outcome === "pass" ? dependenceOf(order.result()) : undefined;
    return dependence === undefined ? conclude(outcome) : conclude("inconclusive", dependence);
  }

  function stop(why: string): Verdict<SplitEvidence> {
    return test.failure ? conclude("fail") : conclude("inconclusive", why);
  }
}

/** Checks and completes the options of a split, as shares instead of weights and points. */
export function toShareTestOptions(options: SplitOptions): ShareTestOptions {
  const { tolerance = 5, alpha = 1e-6, beta = 1e-6, maxErrorShare = 0, afterFact = 50 } = options;
  const weights = Object.values(options.weights);
  const total = sum(weights);
  argumentMust(weights.length >= 2, "weights", "two targets or more", weights.length);
  argumentMust(
    weights.every((weight) => weight >= 0) && total > 0 && total < Infinity,
    "weights",
    "none below 0 and a sum above 0",
    weights.join(", "),
  );
  argumentMust(
    tolerance > 0 && tolerance < 100,
    "tolerance",
    "points between 0 and 100",
    tolerance,
  );
  errorsMustBeSmall({ alpha, beta });
  argumentMust(
    maxErrorShare >= 0 && maxErrorShare < 1,
    "maxErrorShare",
    "0 or more, below 1",
    maxErrorShare,
  );
  countMustBeWhole("afterFact", afterFact);
  if (options.cap !== undefined) capMustBePositive(options.cap);
  const shares = weights.map((weight) => weight / total);
  return { shares, tolerance: tolerance / 100, alpha, beta, maxErrorShare, afterFact };
}

function toTargets(
  names: readonly string[],
  settings: ShareTestOptions,
  test: { readonly counts: readonly number[]; readonly requests: number },
): Record<string, TargetEvidence> {
  const intervals = names.length === 2 ? 1 : names.length;
  return Object.fromEntries(
    names.map((name, i) => {
      const wanted = settings.shares[i] ?? 0;
      const hits = test.counts[i] ?? 0;
      const interval = robbinsInterval({
        hits,
        misses: test.requests - hits,
        expected: wanted,
        error: settings.alpha / intervals,
      });
      const share = test.requests === 0 ? 0 : hits / test.requests;
      return [name, { wanted, count: hits, share, ...interval }];
    }),
  );
}

function errorBound(errors: number, requests: number, beta: number): number {
  if (errors === 0) return zeroOfBound(requests, beta);
  return robbinsInterval({ hits: errors, misses: requests - errors, expected: 0, error: beta })
    .high;
}

function causeOf(
  options: SplitOptions,
  failure: ShareFailure | undefined,
  found: SplitEvidence,
  requests: number,
): string {
  const strangers = sum(Object.values(found.strangers));
  const nobody = `answered by none of the targets: ${listTally(found.strangers)}`;
  if (strangers > requests / 50) return nobody;
  const entries = Object.entries(found.targets);
  const { pods } = options;
  const likeliest = likeliestCause({
    names: entries.map(([name]) => name),
    wanted: entries.map(([, target]) => target.wanted),
    counts: entries.map(([, target]) => target.count),
    errors: found.errorCount,
    requests,
    ...(pods ? { pods: entries.map(([name]) => pods[name] ?? 0) } : {}),
  });
  if (found.errorCount > 0) return `${likeliest} (${listTally(found.errors)})`;
  const [name, leak] = (failure?.reason === "leak" && entries[failure.target]) || [];
  if (leak && leak.count < requests / 5)
    return `${name} has weight 0 and got ${plural(leak.count, "request")}`;
  if (failure?.reason === "stranger") return nobody;
  return found.independence.pattern === "pinned" ? PINNED : likeliest;
}

function summarize(
  settings: ShareTestOptions,
  found: SplitEvidence,
  requests: number,
  outcome: Outcome,
  detail: string | undefined,
): string {
  const entries = Object.entries(found.targets);
  const seen = entries.map(([name, target]) => `${name} ${percent(target.share)}`).join(" ");
  const failed = found.errorCount > 0 ? ` errors ${percent(found.errorCount / requests)}` : "";
  const wanted = entries.map(([, target]) => points(target.wanted)).join("/");
  const error = `error ≤ ${probability(Math.max(settings.alpha, settings.beta))}`;
  const clumped =
    outcome !== "inconclusive" && found.independence.pattern === "clumped"
      ? " · answers come in clumps, errors may be larger"
      : "";
  const verdict = outcome === "pass" ? outcomeWord(outcome, error) : outcomeWord(outcome, detail);
  return `${seen}${failed} of ${plural(requests, "request")} · wanted ${wanted} ± ${found.tolerance}${clumped} · ${verdict}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
