import { expect, test } from "vitest";

import { requestsForBound, robbinsInterval, zeroOfBound } from "./confidence.ts";
import { createDraw, simulationSeed } from "./simulated-stream.ts";

const seed = simulationSeed();
console.log(`seed ${seed} (KUBELAB_SEED repeats it)`);

function at(n: number) {
  return robbinsInterval({ hits: 0.9 * n, misses: 0.1 * n, expected: 0.9, error: 1e-6 });
}

test("0 wrong of n bounds the share of wrong ones as the published numbers do", () => {
  expect(requestsForBound(0.01, 1e-3)).toBe(688);
  expect(requestsForBound(0.01, 1e-6)).toBe(1375);
  expect(requestsForBound(0.001, 1e-6)).toBe(13_809);
  expect(zeroOfBound(1375, 1e-6)).toBeLessThanOrEqual(0.01);
  expect(zeroOfBound(1374, 1e-6)).toBeGreaterThan(0.01);
  expect(zeroOfBound(0, 1e-6)).toBe(1);
});

test("the interval holds the observed share and narrows with n", () => {
  expect(at(100).low).toBeLessThan(0.9);
  expect(at(1000).high - at(1000).low).toBeLessThan(at(100).high - at(100).low);
  expect(robbinsInterval({ hits: 0, misses: 0, expected: 0.5, error: 0.05 })).toEqual({
    low: 0,
    high: 1,
  });
  expect(robbinsInterval({ hits: 50, misses: 0, expected: 0.9, error: 1e-6 }).high).toBe(1);
});

test("looked at after every request, it leaves the true share out no more often than stated", () => {
  const runs = 1000;
  const error = 0.05;
  let misses = 0;
  const draw = createDraw([0.9, 0.1], seed);
  for (let run = 0; run < runs; run++) {
    let hits = 0;
    for (let n = 1; n <= 300; n++) {
      hits += draw() === 0 ? 1 : 0;
      if (n % 5) continue;
      const { low, high } = robbinsInterval({ hits, misses: n - hits, expected: 0.9, error });
      if (low > 0.9 || high < 0.9) {
        misses++;
        break;
      }
    }
  }
  expect(misses / runs).toBeLessThan(error + 4 * Math.sqrt((error * (1 - error)) / runs));
});
