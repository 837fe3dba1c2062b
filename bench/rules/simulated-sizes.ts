import {
  createShareTest,
  sidesOf,
  type ShareTestOptions,
} from "../../harness/verdicts/share-test.ts";
import { BLOCK, type BlockDraws, createBlockDraws } from "./block-draws.ts";

/** How many runs are made again with the verdict's own test, which must need as many requests. */
const COMPARED = 200;

/** How many requests each of so many runs of the joint test takes. */
export function simulateSizes(
  options: ShareTestOptions,
  truth: readonly number[],
  cap: number,
  runs: number,
  seed: number,
): Uint32Array {
  const draws = createBlockDraws(truth, seed);
  const run = createRun(options, cap);
  const sizes = Uint32Array.from({ length: runs }, () => run(draws));
  mustAgree(options, cap, createBlockDraws(truth, seed), sizes);
  return sizes;
}

/**
 * The joint test in blocks: most of them cannot reach a boundary in whatever order their draws came, and are
 * taken at once. Where one could, the order is drawn and every request looked at, so nothing is approximated.
 */
function createRun(options: ShareTestOptions, cap: number): (draws: BlockDraws) => number {
  const sides = sidesOf(options);
  const target = Uint8Array.from(sides, (side) => side.target);
  const hit = Float64Array.from(sides, ({ share, versus }) => Math.log(share / versus));
  const miss = Float64Array.from(sides, ({ share, versus }) =>
    Math.log((1 - share) / (1 - versus)),
  );
  const acceptAt = Float64Array.from(sides, ({ beta }) => -Math.log(beta));
  const rejectAt = Float64Array.from(sides, ({ alpha }) => Math.log(alpha));
  const hits = new Uint32Array(options.shares.length);
  let n = 0;
  let open = 0;

  const ratio = (i: number): number => {
    const own = hits[target[i] ?? 0] ?? 0;
    return own * (hit[i] ?? 0) + (n - own) * (miss[i] ?? 0);
  };
  const mayDecide = (counts: Uint8Array): boolean => {
    if (n + BLOCK > cap) return true;
    for (let i = 0; i < sides.length; i++) {
      if (!(open & (1 << i))) continue;
      const own = counts[target[i] ?? 0] ?? 0;
      // All that raises the ratio first, or all that lowers it; a little more for rounding.
      const byHits = own * (hit[i] ?? 0);
      const byMisses = (BLOCK - own) * (miss[i] ?? 0);
      const now = ratio(i);
      if (now + Math.max(byHits, byMisses) >= (acceptAt[i] ?? 0) - 1e-9) return true;
      if (now + Math.min(byHits, byMisses) <= (rejectAt[i] ?? 0) + 1e-9) return true;
    }
    return false;
  };
  /** Whether the run is over with this request. */
  const step = (drawn: number): boolean => {
    n++;
    hits[drawn] = (hits[drawn] ?? 0) + 1;
    for (let i = 0; i < sides.length; i++) {
      if (!(open & (1 << i))) continue;
      const now = ratio(i);
      if (now >= (acceptAt[i] ?? 0)) open &= ~(1 << i);
      else if (now <= (rejectAt[i] ?? 0)) return true;
    }
    return open === 0 || n >= cap;
  };
  return (draws) => {
    hits.fill(0);
    n = 0;
    open = (1 << sides.length) - 1;
    for (;;) {
      const counts = draws.next();
      if (mayDecide(counts)) {
        if (draws.inOrder().some(step)) return n;
        continue;
      }
      n += BLOCK;
      for (let t = 0; t < counts.length; t++) hits[t] = (hits[t] ?? 0) + (counts[t] ?? 0);
    }
  };
}

function mustAgree(
  options: ShareTestOptions,
  cap: number,
  draws: BlockDraws,
  sizes: Uint32Array,
): void {
  for (const [run, size] of sizes.subarray(0, COMPARED).entries()) {
    const test = createShareTest(options);
    const isOver = (drawn: number): boolean => {
      test.add(drawn);
      return test.decision !== undefined || test.requests >= cap;
    };
    do draws.next();
    while (!draws.inOrder().some(isOver));
    if (test.requests !== size)
      throw new Error(
        `run ${run}: the verdict took ${test.requests} requests, the simulation ${size}`,
      );
  }
}
