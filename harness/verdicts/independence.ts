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
  /** Standard deviations that this lies above (clumped) or below (rotating) what is expected. */
  readonly dispersionZ: number;
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

/** Why a PASS is not given where answers come in clumps that matter. */
export const CLUMPED =
  "answers come in clumps: they are worth far fewer independent draws than requests";

/** Beyond this many standard deviations the pattern is named: by chance in less than one run of 1,000. */
const NOTABLE = 4;
/** Beyond this many it is believed: by chance in less than one run of a million. */
const SURE = 6;
/** Clumps that make counts vary so many times as much as independent draws make the errors matter. */
const HEAVY = 1.5;
const ENOUGH = 40;
/** Answers in the smallest block; a block holds as many of these as it takes to expect EXPECTED of each target. */
const BLOCK = 20;
const EXPECTED = 5;
/** With fewer answers than this a target's counts in blocks say nothing. */
const LEAST = 8 * EXPECTED;

/** Why the answers are no independent draws, so that no PASS can count them; undefined where they may be. */
export function dependenceOf(found: Independence): string | undefined {
  if (found.pattern === "pinned") return PINNED;
  // In stretches of length L the runs are 1/L of what is expected, and counts vary 2L - 1 times as much.
  const inRuns = found.runsZ < -SURE && (2 * found.expectedRuns) / found.runs - 1 > HEAVY;
  const inBlocks = found.dispersionZ > SURE && found.dispersion > HEAVY;
  return found.pattern === "clumped" && (inRuns || inBlocks) ? CLUMPED : undefined;
}

/**
 * The sequential tests assume one independent draw a request. A rotation varies less than that,
 * which leaves their errors smaller than stated; clumps vary more, which makes them larger.
 */
export function createIndependenceTest(categories: number): IndependenceTest {
  const counts = Array.from<number>({ length: categories }).fill(0);
  const blocks: number[][] = [];
  let block = counts.slice();
  let n = 0;
  let runs = 0;
  let previous = -1;
  const last = new Map<number, number>();
  let pairs = 0;
  let equal = 0;
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
      if (++n % BLOCK > 0) return;
      blocks.push(block);
      block = counts.map(() => 0);
    },
    result() {
      const expected = expectedRuns(counts, n);
      const runsZ = deviationOfRuns(runs, expected);
      const { dispersion, dispersionZ } = dispersionOf(blocks, counts);
      const alike = counts.reduce((sum, c) => sum + (c / Math.max(1, n)) ** 2, 0);
      const enough = n >= ENOUGH && expected.deviation > 0;
      const pattern = isPinned(pairs, equal, alike) ? "pinned" : name(runsZ, dispersionZ);
      return {
        pattern: enough ? pattern : "unknown",
        runs,
        expectedRuns: expected.mean,
        runsZ,
        dispersion,
        dispersionZ,
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
  return beyond > 0.5 * pairs * (1 - alike) && beyond > SURE * deviation;
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

/**
 * How far the runs lie from their mean. Where a target is rare, clumps of its answers are rare events, which
 * chance makes far more often than a normal law has it: their number is taken for a Poisson one.
 */
function deviationOfRuns(
  runs: number,
  { mean, deviation }: ReturnType<typeof expectedRuns>,
): number {
  if (!(deviation > 0)) return 0;
  if (runs >= mean) return (runs - mean) / deviation;
  // An answer that joins the one before it takes two runs away.
  const joins = (deviation / 2) ** 2;
  const seen = joins + (mean - runs) / 2;
  return -Math.sqrt(2 * (seen * Math.log(seen / joins) - (seen - joins)));
}

/** Pearson's statistic of blocks against targets over its degrees of freedom, and how rare that is. */
function dispersionOf(
  blocks: readonly (readonly number[])[],
  counts: readonly number[],
): { dispersion: number; dispersionZ: number } {
  const common = counts.flatMap((count, i) => (count >= LEAST ? [i] : []));
  const rarest = Math.min(...common.map((i) => counts[i] ?? 0));
  const n = counts.reduce((sum, count) => sum + count, 0);
  const size = Math.ceil((EXPECTED * n) / rarest / BLOCK);
  const sets = Math.floor(blocks.length / size);
  if (common.length < 2 || sets < 2) return { dispersion: 1, dispersionZ: 0 };
  const used = blocks.slice(0, sets * size);
  const statistic = common.reduce((sum, target) => {
    const each = Array.from({ length: sets }, (_, set) =>
      used
        .slice(set * size, (set + 1) * size)
        .reduce((own, block) => own + (block[target] ?? 0), 0),
    );
    const mean = each.reduce((all, own) => all + own, 0) / sets;
    return sum + each.reduce((all, own) => all + (own - mean) ** 2, 0) / mean;
  }, 0);
  // One count follows from the others where all targets are looked at, and a part of one where not.
  const known = common.reduce((sum, target) => sum + (counts[target] ?? 0) / n, 0);
  const freedom = (sets - 1) * (common.length - known);
  const dispersion = statistic / freedom;
  // Wilson and Hilferty: the cube root of a chi-square is nearly normal, far out as well.
  const spread = 2 / (9 * freedom);
  return { dispersion, dispersionZ: (Math.cbrt(dispersion) - (1 - spread)) / Math.sqrt(spread) };
}
