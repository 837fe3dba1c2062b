import { expect, test } from "vitest";

import { exactOutcome } from "./share-errors.ts";
import { createShareTest, sidesOf, type ShareTestOptions } from "./share-test.ts";
import { createDraw, simulationSeed, stream } from "./simulated-stream.ts";
import { createSplit, toShareTestOptions } from "./split.ts";

const RUNS = 5_000;
const seed = simulationSeed();
console.log(`seed ${seed} (KUBELAB_SEED repeats it)`);

/** Four standard deviations above a rate: a run in 30,000 goes beyond by chance. */
function limit(rate: number): number {
  return rate + 4 * Math.sqrt((rate * (1 - rate)) / RUNS);
}

function rateOf(outcome: "pass" | "fail", truth: readonly number[], options: ShareTestOptions) {
  const draw = createDraw(truth, seed);
  let count = 0;
  for (let run = 0; run < RUNS; run++) {
    const shareTest = createShareTest(options);
    while (!shareTest.decision) shareTest.add(draw());
    if (shareTest.decision === outcome) count++;
  }
  return count / RUNS;
}

// Loose, so that a few thousand runs hold many mistakes: `npm run bench verdicts` has the strict ones.
const loose = { alpha: 5e-2, beta: 5e-2 };

test("raises a false alarm on a true 90/10 no more often than stated, in 5,000 whole verdicts", () => {
  let alarms = 0;
  const answers = stream({ v1: 0.9, v2: 0.1 }, seed);
  for (let run = 0; run < RUNS; run++) {
    const split = createSplit({ weights: { v1: 90, v2: 10 }, ...loose, cap: Infinity });
    while (!split.verdict()) split.add(answers.next().value);
    if (split.verdict()?.outcome === "fail") alarms++;
  }
  expect(alarms / RUNS).toBeLessThan(limit(5e-2));
  expect(alarms).toBeGreaterThan(0);
});

test("passes as 70/20/10 a true 65/20/15 no more often than stated, in 5,000 runs", () => {
  const options = toShareTestOptions({ weights: { v1: 70, v2: 20, v3: 10 }, ...loose });
  const rate = rateOf("pass", [0.65, 0.2, 0.15], options);
  expect(rate).toBeLessThan(limit(5e-2));
  expect(rate).toBeGreaterThan(0);
});

test("raises a false alarm over three targets jointly no more often than stated, in 5,000 runs", () => {
  const options = toShareTestOptions({ weights: { v1: 70, v2: 20, v3: 10 }, ...loose });
  const rate = rateOf("fail", [0.7, 0.2, 0.1], options);
  expect(rate).toBeLessThan(limit(5e-2));
  expect(rate).toBeGreaterThan(0);
});

const ninety = { weights: { v1: 90, v2: 10 } };

function exact(error: number, truth: number) {
  const sides = sidesOf(toShareTestOptions({ ...ninety, alpha: error, beta: error }));
  const first = sides.filter((side) => side.target === 0);
  return exactOutcome(first, truth, 8000);
}

test.each([1e-2, 1e-3, 1e-6])("keeps both errors under %d by exact computation", (error) => {
  expect(exact(error, 0.9).reject).toBeLessThanOrEqual(error);
  expect(exact(error, 0.85).accept).toBeLessThanOrEqual(error);
  expect(exact(error, 0.95).accept).toBeLessThanOrEqual(error);
});

test("needs at most 1,400 requests on average at 1e-6 and 750 at 1e-3, and passes 83/17 never", () => {
  expect(exact(1e-6, 0.9).meanRequests).toBeLessThan(1400);
  expect(exact(1e-3, 0.9).meanRequests).toBeLessThan(750);
  expect(exact(1e-6, 0.83).accept).toBeLessThan(1e-6);
  expect(exact(1e-6, 0.9).undecided).toBeLessThan(1e-6);
});

test("simulation agrees with exact computation", () => {
  const options = toShareTestOptions({ ...ninety, alpha: 0.05, beta: 0.05 });
  const { reject } = exact(0.05, 0.9);
  const deviation = Math.sqrt((reject * (1 - reject)) / RUNS);
  expect(Math.abs(rateOf("fail", [0.9, 0.1], options) - reject)).toBeLessThan(5 * deviation);
});
