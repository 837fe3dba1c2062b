import { likelihoodSteps, type SprtOptions } from "./sprt.ts";

/** What becomes of one target's tests, to the last digit, at one true share. */
export interface ExactOutcome {
  readonly accept: number;
  readonly reject: number;
  /** Neither, at the cap. */
  readonly undecided: number;
  readonly meanRequests: number;
  /** By this request 99 % are decided. */
  readonly p99Requests: number;
}

/** Mass below this is no longer followed: far below any error rate of interest. */
const NEGLIGIBLE = 1e-30;

/**
 * The exact law of one target's tests together, by dynamic programming over the number of requests
 * and of hits: every path is followed with its probability until a test rejects, all accept, or
 * the cap comes.
 */
export function exactOutcome(
  sides: readonly SprtOptions[],
  trueShare: number,
  cap: number,
): ExactOutcome {
  const tests = sides.map(toTest);
  const all = (1 << tests.length) - 1;
  // layers[accepted tests as bits][hits] = probability
  let layers = Array.from({ length: all + 1 }, () => new Float64Array(cap + 2));
  let next = layers.map((layer) => layer.slice());
  (layers[0] as Float64Array)[0] = 1;
  let low = 0;
  let high = 0;
  const sums = { accept: 0, reject: 0, mean: 0, p99: 0 };
  for (let n = 1; n <= cap; n++) {
    let alive = 0;
    let decided = 0;
    for (let bits = 0; bits < all; bits++) {
      const from = layers[bits] as Float64Array;
      for (let hits = low; hits <= high; hits++) {
        const mass = from[hits] as number;
        if (mass < NEGLIGIBLE) continue;
        from[hits] = 0;
        for (const hit of [0, 1]) {
          const part = mass * (hit ? trueShare : 1 - trueShare);
          const state = advance(tests, bits, hits + hit, n - hits - hit);
          if (state === "reject") sums.reject += part;
          else if (state === all) sums.accept += part;
          else {
            const to = next[state] as Float64Array;
            to[hits + hit] = (to[hits + hit] as number) + part;
            alive += part;
            continue;
          }
          decided += part;
        }
      }
    }
    sums.mean += n * decided;
    if (sums.p99 === 0 && alive <= 0.01) sums.p99 = n;
    [layers, next] = [next, layers];
    high++;
    while (low < high && layers.every((layer) => (layer[low] as number) < NEGLIGIBLE)) low++;
    while (high > low && layers.every((layer) => (layer[high] as number) < NEGLIGIBLE)) high--;
    if (alive < NEGLIGIBLE) break;
  }
  const undecided = Math.max(0, 1 - sums.accept - sums.reject);
  return {
    accept: sums.accept,
    reject: sums.reject,
    undecided,
    meanRequests: sums.mean + undecided * cap,
    p99Requests: sums.p99 || cap,
  };
}

interface Test {
  readonly hit: number;
  readonly miss: number;
  readonly acceptAt: number;
  readonly rejectAt: number;
}

function toTest(options: SprtOptions): Test {
  const step = likelihoodSteps(options.share, options.versus);
  return { ...step, acceptAt: -Math.log(options.beta), rejectAt: Math.log(options.alpha) };
}

/** The tests that have accepted after this request, or that one rejects. */
function advance(
  tests: readonly Test[],
  accepted: number,
  hits: number,
  misses: number,
): number | "reject" {
  let bits = accepted;
  for (let i = 0; i < tests.length; i++) {
    if (bits & (1 << i)) continue;
    const { hit, miss, acceptAt, rejectAt } = tests[i] as Test;
    const ratio = (hits === 0 ? 0 : hits * hit) + (misses === 0 ? 0 : misses * miss);
    if (ratio >= acceptAt) bits |= 1 << i;
    else if (ratio <= rejectAt) return "reject";
  }
  return bits;
}
