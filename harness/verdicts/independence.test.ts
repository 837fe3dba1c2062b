import { expect, test } from "vitest";

import { createIndependenceTest, dependenceOf, type Independence } from "./independence.ts";
import { createDraw, simulationSeed } from "./simulated-stream.ts";

const seed = simulationSeed();
console.log(`seed ${seed} (KUBELAB_SEED repeats it)`);

function patternOf(
  count: number,
  categories: number,
  next: (i: number) => number,
  connectionOf: (i: number) => number = (i) => i,
): Independence {
  const order = createIndependenceTest(categories);
  for (let i = 0; i < count; i++) order.add(next(i), connectionOf(i));
  return order.result();
}

test("a target that is rare comes in no clumps by chance", () => {
  const draw = createDraw([0.995, 0.005], seed);
  const runs = Array.from({ length: 500 }, () => patternOf(1343, 2, draw));
  expect(runs.filter(({ pattern }) => pattern === "clumped").length).toBeLessThan(5);
});

test("stretches of two or more are no independent draws, and a repeat now and then is no matter", () => {
  const drawn = (length: number) => {
    const draw = createDraw([0.9, 0.1], seed);
    const again = createDraw([1 - 1 / length, 1 / length], seed + 1);
    let last = draw();
    return patternOf(2000, 2, () => (again() === 0 ? last : (last = draw())));
  };
  expect(dependenceOf(drawn(2))).toMatch(/answers come in clumps/);
  expect(dependenceOf(drawn(10))).toMatch(/answers come in clumps/);
  expect(dependenceOf(drawn(1.02))).toBeUndefined();
  expect(dependenceOf(drawn(1))).toBeUndefined();
});

test("independent draws are called so in nearly every run", () => {
  const draw = createDraw([0.7, 0.2, 0.1], seed);
  const other = Array.from({ length: 500 }, () => patternOf(1000, 3, draw)).filter(
    ({ pattern }) => pattern !== "independent",
  );
  expect(other.length).toBeLessThan(5);
});

test.each<[string, Independence["pattern"], (i: number) => number]>([
  ["round robin over two", "rotating", (i) => i % 2],
  ["a weighted rotation", "rotating", (i) => (i % 10 === 9 ? 1 : 0)],
  ["stretches of 50", "clumped", (i) => Math.floor(i / 50) % 2],
])("%s is %s", (_name, pattern, next) => {
  expect(patternOf(1000, 2, next).pattern).toBe(pattern);
});

test("round robin has no dispersion, independent draws have one of about 1", () => {
  expect(patternOf(1000, 2, (i) => i % 2).dispersion).toBeLessThan(0.01);
  // Some 3,300 blocks: its standard deviation is 0.025.
  const dispersion = patternOf(200_000, 2, createDraw([0.9, 0.1], seed)).dispersion;
  expect(dispersion).toBeGreaterThan(0.8);
  expect(dispersion).toBeLessThan(1.2);
});

test("too few answers, or only one answerer, say nothing", () => {
  expect(patternOf(10, 2, (i) => i % 2).pattern).toBe("unknown");
  expect(patternOf(1000, 2, () => 0).pattern).toBe("unknown");
});

test("one draw for each connection is pinned, however the connections take turns", () => {
  const draw = createDraw([0.5, 0.5], seed);
  const own = [0, 1, 1, 0, 1, 0];
  const inTurn = patternOf(
    1000,
    2,
    (i) => own[i % 6] ?? 0,
    (i) => i % 6,
  );
  expect(inTurn).toMatchObject({ pattern: "pinned", pairs: { of: 994, equal: 994 } });
  const perRequest = patternOf(1000, 2, draw, (i) => i % 6);
  expect(perRequest.pattern).toBe("independent");
});

test("draws for each request on kept connections are called pinned in no run", () => {
  const draw = createDraw([0.9, 0.1], seed);
  const runs = Array.from({ length: 500 }, () => patternOf(1000, 2, draw, (i) => i % 10));
  expect(runs.filter(({ pattern }) => pattern === "pinned")).toEqual([]);
});
