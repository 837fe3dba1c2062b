import { exactOutcome } from "../../harness/verdicts/share-errors.ts";
import {
  createShareTest,
  defaultCap,
  sidesOf,
  type ShareTestOptions,
} from "../../harness/verdicts/share-test.ts";
import { createDraw } from "../../harness/verdicts/simulated-stream.ts";
import type { RuleOutcome } from "./outcome.ts";

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

function simulate(
  options: ShareTestOptions,
  truth: readonly number[],
  cap: number,
  runs: number,
  seed: number,
): Pick<RuleOutcome, "meanRequests" | "p99Requests"> {
  const sizes = new Uint32Array(runs);
  const fast = createFastRun(options, cap);
  const draw = createDraw(truth, seed);
  for (let run = 0; run < runs; run++) sizes[run] = fast(draw);
  agreeWithTheRealOne(options, truth, cap, seed, sizes);
  sizes.sort();
  return {
    meanRequests: sizes.reduce((a, b) => a + b, 0) / runs,
    p99Requests: sizes[Math.ceil(0.99 * runs) - 1] ?? 0,
  };
}

/** The same test without its comforts, for a hundred thousand runs. */
function createFastRun(options: ShareTestOptions, cap: number): (draw: () => number) => number {
  const sides = sidesOf(options);
  const target = Int32Array.from(sides, (side) => side.target);
  const hit = Float64Array.from(sides, ({ share, versus }) => Math.log(share / versus));
  const miss = Float64Array.from(sides, ({ share, versus }) =>
    Math.log((1 - share) / (1 - versus)),
  );
  const acceptAt = Float64Array.from(sides, ({ beta }) => -Math.log(beta));
  const rejectAt = Float64Array.from(sides, ({ alpha }) => Math.log(alpha));
  return (draw) => {
    const hits = new Int32Array(options.shares.length);
    let open = (1 << sides.length) - 1;
    for (let n = 1; n <= cap; n++) {
      const drawn = draw();
      hits[drawn] = (hits[drawn] ?? 0) + 1;
      for (let i = 0; i < sides.length; i++) {
        if (!(open & (1 << i))) continue;
        const own = hits[target[i] ?? 0] ?? 0;
        const ratio = own * (hit[i] ?? 0) + (n - own) * (miss[i] ?? 0);
        if (ratio >= (acceptAt[i] ?? 0)) open &= ~(1 << i);
        else if (ratio <= (rejectAt[i] ?? 0)) return n;
      }
      if (open === 0) return n;
    }
    return cap;
  };
}

function agreeWithTheRealOne(
  options: ShareTestOptions,
  truth: readonly number[],
  cap: number,
  seed: number,
  sizes: Uint32Array,
): void {
  const draw = createDraw(truth, seed);
  for (let run = 0; run < 200; run++) {
    const test = createShareTest(options);
    while (!test.decision && test.requests < cap) test.add(draw());
    if (test.requests !== sizes[run])
      throw new Error(
        `run ${run}: the verdict took ${test.requests} requests, the simulation ${sizes[run]}`,
      );
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
