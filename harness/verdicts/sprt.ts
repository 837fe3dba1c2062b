/** What a sequential test has concluded; undefined while it goes on. */
export type SprtDecision = "accept" | "reject" | undefined;

/** Two simple hypotheses about the share of hits, and how often each may be missed. */
export interface SprtOptions {
  /** The share that is accepted. */
  readonly share: number;
  /** The share that it must be told from: every share beyond it is told from it at least as surely. */
  readonly versus: number;
  /** At most this probability of rejecting while `share` is true. */
  readonly alpha: number;
  /** At most this probability of accepting while the truth is `versus` or beyond. */
  readonly beta: number;
}

/** Wald's sequential probability ratio test of one share against another, a request at a time. */
export interface Sprt {
  add(hit: boolean): void;
  readonly decision: SprtDecision;
}

/** What one hit and one miss add to the log likelihood ratio of `share` over `versus`. */
export function likelihoodSteps(share: number, versus: number): { hit: number; miss: number } {
  return { hit: logRatio(share, versus), miss: logRatio(1 - share, 1 - versus) };
}

/**
 * Starts a test. By Ville's inequality the ratio of the likelihoods ever reaches 1/beta with
 * probability at most beta under `versus`, and its inverse 1/alpha at most alpha under `share`,
 * whenever one stops looking.
 */
export function createSprt(options: SprtOptions): Sprt {
  const { share, versus, alpha, beta } = options;
  if (share === versus) throw new RangeError(`a share cannot be told from itself: ${share}`);
  const step = likelihoodSteps(share, versus);
  const acceptAt = -Math.log(beta);
  const rejectAt = Math.log(alpha);
  let hits = 0;
  let misses = 0;
  let decision: SprtDecision;
  return {
    add(hit) {
      if (decision) return;
      if (hit) hits++;
      else misses++;
      // From the counts, not by adding up: no rounding error grows, and exact computation agrees.
      const ratio = times(hits, step.hit) + times(misses, step.miss);
      if (ratio >= acceptAt) decision = "accept";
      else if (ratio <= rejectAt) decision = "reject";
    },
    get decision() {
      return decision;
    },
  };
}

/** The least mean number of requests that any test with these errors can need while `share` is true. */
export function leastMeanRequests(options: SprtOptions): number {
  const { share, versus, alpha, beta } = options;
  const step = likelihoodSteps(share, versus);
  const information = times(share, step.hit) + times(1 - share, step.miss);
  const needed = (1 - alpha) * Math.log((1 - alpha) / beta) + alpha * Math.log(alpha / (1 - beta));
  return needed / information;
}

function logRatio(a: number, b: number): number {
  if (a <= 0) return -Infinity;
  if (b <= 0) return Infinity;
  return Math.log(a) - Math.log(b);
}

function times(count: number, step: number): number {
  return count === 0 ? 0 : count * step;
}
