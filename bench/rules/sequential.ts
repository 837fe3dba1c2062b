import { exactOutcome } from "../../harness/verdicts/share-errors.ts";
import { defaultCap, sidesOf, type ShareTestOptions } from "../../harness/verdicts/share-test.ts";
import type { RuleOutcome } from "./outcome.ts";
import { simulateSizes } from "./simulated-sizes.ts";

/** The verdict's own test, at the cap it has by default. */
export function sequential(
  options: ShareTestOptions,
  truth: readonly number[],
  runs: number,
  seed: number,
): RuleOutcome {
  const cap = defaultCap(options);
  const marginals = options.shares.map((_, target) =>
    exactOutcome(
      sidesOf(options).filter((side) => side.target === target),
      truth[target] ?? 0,
      cap,
    ),
  );
  const [first] = marginals;
  if (options.shares.length === 2 && first)
    return {
      pass: first.accept,
      fail: first.reject,
      inconclusive: first.undecided,
      meanRequests: first.meanRequests,
      p99Requests: first.p99Requests,
    };
  // The rates are exact for each target, which bounds the joint ones; the sizes are simulated.
  const sizes = simulate(options, truth, cap, runs, seed);
  return {
    pass: Math.min(...marginals.map(({ accept }) => accept)),
    fail: Math.min(1, sumOf(marginals.map(({ reject }) => reject))),
    inconclusive: Math.min(1, sumOf(marginals.map(({ undecided }) => undecided))),
    ...sizes,
  };
}

/** Mean and 99 % of the sizes of this many simulated runs. */
function simulate(
  options: ShareTestOptions,
  truth: readonly number[],
  cap: number,
  runs: number,
  seed: number,
): Pick<RuleOutcome, "meanRequests" | "p99Requests"> {
  const sizes = simulateSizes(options, truth, cap, runs, seed).toSorted();
  return {
    meanRequests: sizes.reduce((a, b) => a + b, 0) / runs,
    p99Requests: sizes[Math.ceil(0.99 * runs) - 1] ?? 0,
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
