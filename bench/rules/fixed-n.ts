import { binomial, within } from "./binomial.ts";
import type { RuleOutcome } from "./outcome.ts";

/** A test of fixed size: how many requests, and which counts of each target it accepts. */
export interface FixedTest {
  readonly n: number;
  readonly accepted: readonly { readonly low: number; readonly high: number }[];
}

/** The smallest fixed n at which one-sided exact bounds of every target hold both errors. */
export function smallestFixedTest(
  wanted: readonly number[],
  tolerance: number,
  error: number,
): FixedTest {
  let tooFew = 1;
  let enough = 64;
  while (!holds(createTest(wanted, tolerance, error, enough), wanted, error)) {
    tooFew = enough;
    enough *= 2;
  }
  while (enough - tooFew > 1) {
    const middle = (tooFew + enough) >> 1;
    if (holds(createTest(wanted, tolerance, error, middle), wanted, error)) enough = middle;
    else tooFew = middle;
  }
  return createTest(wanted, tolerance, error, enough);
}

/** What a fixed test does at one truth; over three targets and more the probabilities are bounds. */
export function fixedOutcome(test: FixedTest, truth: readonly number[]): RuleOutcome {
  const accepts = test.accepted.map(({ low, high }, i) =>
    within(binomial(test.n, truth[i] ?? 0), low, high),
  );
  const pass = Math.min(...accepts);
  const fail = truth.length === 2 ? 1 - pass : Math.min(1, sumOf(accepts.map((p) => 1 - p)));
  return { pass, fail, inconclusive: 0, meanRequests: test.n, p99Requests: test.n };
}

function createTest(
  wanted: readonly number[],
  tolerance: number,
  error: number,
  n: number,
): FixedTest {
  const accepted = wanted.map((share) => {
    const below = binomial(n, share - tolerance);
    const above = binomial(n, Math.min(1 - 1e-15, share + tolerance));
    // The lowest count that a share below could reach by chance at most this often, and the highest.
    let low = n + 1;
    for (let tail = 0; low > 0 && (tail += below[low - 1] ?? 0) <= error;) low--;
    let high = -1;
    for (let tail = 0; high < n && (tail += above[high + 1] ?? 0) <= error;) high++;
    return { low, high };
  });
  return { n, accepted };
}

function holds(test: FixedTest, wanted: readonly number[], error: number): boolean {
  const misses = test.accepted.map(
    ({ low, high }, i) => 1 - within(binomial(test.n, wanted[i] ?? 0), low, high),
  );
  // Of two targets one mirrors the other.
  return (wanted.length === 2 ? Math.max(...misses) : sumOf(misses)) <= error;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
