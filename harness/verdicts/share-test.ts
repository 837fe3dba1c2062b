import { createSprt, leastMeanRequests, type Sprt } from "./sprt.ts";

/** An answer that was an error, in place of a target's index. */
export const ERROR = -1;
/** An answer from somebody who is no target at all. */
export const STRANGER = -2;

/** Targets with the shares they should get, and how surely. */
export interface ShareTestOptions {
  /** One share a target, adding up to 1. A share of 0: must get nothing. */
  readonly shares: readonly number[];
  readonly tolerance: number;
  readonly alpha: number;
  readonly beta: number;
  /** Share of errors that a PASS rules out; 0: no error at all. */
  readonly maxErrorShare: number;
  /** Requests collected after a fact that settles a FAIL by itself, so that its cause can be told. */
  readonly afterFact: number;
}

/** The share that a PASS rules out for a target that must get nothing. */
const LEAK = 0.01;

/** Why a share test failed. */
export type ShareFailure =
  | { readonly reason: "share"; readonly target: number }
  | { readonly reason: "leak"; readonly target: number }
  | { readonly reason: "errors" }
  | { readonly reason: "stranger" };

/** The joint sequential test of all shares, in indices: no names, no observations. */
export interface ShareTest {
  /** Takes a target's index, ERROR or STRANGER. */
  add(category: number): void;
  readonly decision: "pass" | "fail" | undefined;
  /** Set as soon as the outcome can only be a fail, at times before the decision. */
  readonly failure: ShareFailure | undefined;
  readonly requests: number;
  readonly counts: readonly number[];
}

/** One sided tests that run: a target's share against the nearest share that is wrong. */
export interface Side {
  readonly target: number;
  readonly share: number;
  readonly versus: number;
  readonly alpha: number;
  readonly beta: number;
}

/**
 * The tests behind a joint verdict. PASS needs all of them, so its error needs no division: the
 * test of the target that is off is wrong with probability at most beta. A FAIL needs any of them,
 * so alpha is divided over the sides; of two targets one mirrors the other and is not counted.
 */
export function sidesOf(options: ShareTestOptions): Side[] {
  const { shares, tolerance, alpha, beta } = options;
  const sides = shares.flatMap((share, target) => {
    if (share === 0) return [{ target, share, versus: Math.min(tolerance, LEAK) }];
    // No share lies below 0 or above 1: the nearest wrong ones there are "none" and "all".
    const below = Math.max(0, round(share - tolerance));
    const above = Math.min(1, round(share + tolerance));
    return share === 1
      ? [{ target, share, versus: below }]
      : [
          { target, share, versus: below },
          { target, share, versus: above },
        ];
  });
  const mirrored = options.maxErrorShare === 0 && shares.filter((share) => share > 0).length === 2;
  // A target that must get nothing gets nothing where the split is right: it raises no false alarm.
  const able = sides.filter(({ share }) => share > 0).length;
  const tests = mirrored ? able / 2 : able + (options.maxErrorShare > 0 ? 1 : 0);
  return sides.map((side) => ({ ...side, alpha: alpha / tests, beta }));
}

/** The least mean number of requests that any joint test with these errors can need. */
export function leastMeanForShares(options: ShareTestOptions): number {
  return Math.max(...sidesOf(options).map(leastMeanRequests));
}

/** Requests by which a joint test that is undecided may be given up: a right split hardly ever gets there. */
export function defaultCap(options: ShareTestOptions): number {
  const sides = sidesOf(options);
  return Math.ceil(Math.max(8 * leastMeanForShares(options), ...sides.map(surelyDecidedBy)));
}

/** The requests by which "some" and "none", or "all" and "not all", are told apart; 0 where no such is asked. */
function surelyDecidedBy({ share, versus, alpha }: Side): number {
  if (versus === 0) return Math.log(alpha) / Math.log1p(-share);
  return versus === 1 ? Math.log(alpha) / Math.log(share) : 0;
}

/** Starts a joint test. */
export function createShareTest(options: ShareTestOptions): ShareTest {
  const { shares, maxErrorShare, afterFact } = options;
  const planned = sidesOf(options);
  const sides = planned.map((side) => ({ target: side.target, test: createSprt(side) }));
  const part = planned[0]?.alpha ?? options.alpha;
  const errorTest = maxErrorShare > 0 ? createErrorTest(options, part) : undefined;
  const counts = shares.map(() => 0);
  let open: { target: number; test: Sprt }[] = sides;
  let requests = 0;
  let failure: ShareFailure | undefined;
  let decideAt = Infinity;
  let decision: "pass" | "fail" | undefined;

  const fail = (reason: ShareFailure, wait: number): void => {
    failure ??= reason;
    decideAt = Math.min(decideAt, requests + wait);
  };
  const facts = (category: number): void => {
    if (category === STRANGER) return fail({ reason: "stranger" }, afterFact);
    if (category === ERROR) {
      if (!errorTest) fail({ reason: "errors" }, afterFact);
      return;
    }
    counts[category] = (counts[category] ?? 0) + 1;
    if (shares[category] === 0) fail({ reason: "leak", target: category }, afterFact);
  };
  const step = (category: number): void => {
    let closed = false;
    for (const { target, test } of open) {
      test.add(category === target);
      // A leak is a fact of its own, and waited after.
      if (test.decision === "reject" && shares[target] !== 0) fail({ reason: "share", target }, 0);
      if (test.decision) closed = true;
    }
    if (closed) open = open.filter(({ test }) => !test.decision);
    errorTest?.add(category === ERROR);
    if (errorTest?.decision === "reject") fail({ reason: "errors" }, 0);
  };
  return {
    add(category) {
      if (decision) return;
      requests++;
      facts(category);
      step(category);
      if (requests >= decideAt) decision = "fail";
      else if (!failure && open.length === 0 && (!errorTest || errorTest.decision === "accept"))
        decision = "pass";
    },
    get decision() {
      return decision;
    },
    get failure() {
      return failure;
    },
    get requests() {
      return requests;
    },
    counts,
  };
}

/** Errors are wanted well under the share that a PASS rules out: a tenth of it. */
function createErrorTest({ maxErrorShare, beta }: ShareTestOptions, alpha: number): Sprt {
  return createSprt({ share: maxErrorShare / 10, versus: maxErrorShare, alpha, beta });
}

/** 0.9 - 0.05 as people write it: binary fractions must not move a boundary. */
function round(share: number): number {
  return Math.round(share * 1e12) / 1e12;
}
