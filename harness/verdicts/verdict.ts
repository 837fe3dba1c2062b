export type Outcome = "pass" | "fail" | "inconclusive";

/** A judgement with its evidence. `E` is what the kind of verdict counts. */
export interface Verdict<E = Readonly<Record<string, unknown>>> {
  /** "split", "balance", "exact", "no-loss", "latency", "counter-exact", "sticky". */
  readonly kind: string;
  readonly outcome: Outcome;
  /** One line: `v1 90.1 % v2 9.9 % of 1,312 requests · wanted 90/10 ± 5 · PASS (error ≤ 1e-6)`. */
  readonly summary: string;
  /** Requests judged. */
  readonly requests: number;
  readonly evidence: E;
  /** For a fail: the likeliest cause that can be told apart, in words. */
  readonly cause?: string;
}
