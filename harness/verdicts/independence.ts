/** How the answers follow one another: independent draws, a rotation, clumps, or one draw for each connection. */
export type Independence = {
  readonly pattern: "independent" | "rotating" | "clumped" | "pinned" | "unknown";
  /** Stretches of equal answers, and how many independent draws would make. */
  readonly runs: number;
  readonly expectedRuns: number;
  /** Standard deviations that the runs lie above (rotating) or below (clumped) what is expected. */
  readonly runsZ: number;
  /** Variance of the counts in blocks over that of independent draws: 1 independent, near 0 round robin. */
  readonly dispersion: number;
  /** Answers equal to the one before on their connection, and how many independent draws would make. */
  readonly pairs: { readonly of: number; readonly equal: number; readonly expectedEqual: number };
};

/** Why a share of requests cannot be told where connections are drawn. */
export const PINNED =
  "each connection keeps its target: connections are drawn, not requests, so send on new ones";

/** Collects what a runs test, a dispersion test and a test of pairs need. */
export interface IndependenceTest {
  add(category: number, connection: number): void;
  result(): Independence;
}

/** Beyond this many standard deviations the pattern is named: 6 in 100,000 by chance, both sides. */
const NOTABLE = 4;
const BLOCK = 20;
const ENOUGH = 40;

/**
 * The sequential tests assume one independent draw a request. A rotation varies less than that,
 * which leaves their errors smaller than stated; clumps vary more, which makes them larger.
 */
export function createIndependenceTest(categories: number): IndependenceTest {
  const counts = Array.from<number>({ length: categories }).fill(0);
  const block = counts.slice();
  const sums = counts.slice();
  const squares = counts.slice();
  let n = 0;
  let runs = 0;
  let blocks = 0;
  let previous = -1;
  const last = new Map<number, number>();
  let pairs = 0;
  let equal = 0;
  const closeBlock = (): void => {
    for (let i = 0; i < categories; i++) {
      const c = block[i] ?? 0;
      sums[i] = (sums[i] ?? 0) + c;
      squares[i] = (squares[i] ?? 0) + c * c;
      block[i] = 0;
    }
    blocks++;
  };
  return {
    add(category, connection) {
      const before = last.get(connection);
      last.set(connection, category);
      if (before !== undefined) pairs++;
      if (before === category) equal++;
      if (category !== previous) runs++;
      previous = category;
      counts[category] = (counts[category] ?? 0) + 1;
      block[category] = (block[category] ?? 0) + 1;
      if (++n % BLOCK === 0) closeBlock();
    },
    result() {
      const expected = expectedRuns(counts, n);
      const runsZ = expected.deviation > 0 ? (runs - expected.mean) / expected.deviation : 0;
      const dispersion = dispersionIndex(sums, squares, blocks);
      const dispersionZ = (dispersion - 1) * Math.sqrt(((blocks - 1) * (categories - 1)) / 2);
      const alike = counts.reduce((sum, c) => sum + (c / Math.max(1, n)) ** 2, 0);
      const enough = n >= ENOUGH && expected.deviation > 0;
      const pattern = isPinned(pairs, equal, alike) ? "pinned" : name(runsZ, dispersionZ);
      return {
        pattern: enough ? pattern : "unknown",
        runs,
        expectedRuns: expected.mean,
        runsZ,
        dispersion,
        pairs: { of: pairs, equal, expectedEqual: pairs * alike },
      };
    },
  };
}

function name(runsZ: number, dispersionZ: number): Independence["pattern"] {
  if (runsZ < -NOTABLE || dispersionZ > NOTABLE) return "clumped";
  // A weighted rotation can have unremarkable runs; its blocks then are too equal.
  if (runsZ > NOTABLE || dispersionZ < -NOTABLE) return "rotating";
  return "independent";
}

/**
 * Whether connections and not requests are drawn: answers repeat the one before on their connection at least
 * half as often as could be beyond what chance makes, and far beyond what chance makes of that.
 */
function isPinned(pairs: number, equal: number, alike: number): boolean {
  const beyond = equal - pairs * alike;
  const deviation = Math.sqrt(pairs * alike * (1 - alike));
  return beyond > 0.5 * pairs * (1 - alike) && beyond > 1.5 * NOTABLE * deviation;
}

/** Mean and deviation of the number of runs in a random order of these counts (Wald and Wolfowitz). */
function expectedRuns(counts: readonly number[], n: number): { mean: number; deviation: number } {
  if (n < 2) return { mean: n, deviation: 0 };
  const squares = counts.reduce((sum, c) => sum + c * c, 0);
  const cubes = counts.reduce((sum, c) => sum + c * c * c, 0);
  const mean = (n * (n + 1) - squares) / n;
  const variance =
    (squares * (squares + n * (n + 1)) - 2 * n * cubes - n * n * n) / (n * n * (n - 1));
  return { mean, deviation: Math.sqrt(Math.max(0, variance)) };
}

/** Pearson's statistic of blocks against categories over its degrees of freedom. */
function dispersionIndex(
  sums: readonly number[],
  squares: readonly number[],
  blocks: number,
): number {
  if (blocks < 2) return 1;
  let statistic = 0;
  let seen = 0;
  for (let i = 0; i < sums.length; i++) {
    const sum = sums[i] ?? 0;
    if (sum === 0) continue;
    seen++;
    const mean = sum / blocks;
    statistic += ((squares[i] ?? 0) - sum * mean) / mean;
  }
  return seen < 2 ? 1 : statistic / ((blocks - 1) * (seen - 1));
}
