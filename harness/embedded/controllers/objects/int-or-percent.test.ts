import { expect, test } from "vitest";
import { resolveFenceposts, scaledValue } from "./int-or-percent.ts";

test.each([
  ["25%", 4, "up", 1],
  ["25%", 10, "up", 3],
  ["25%", 10, "down", 2],
  ["25%", 3, "down", 0],
  ["25%", 3, "up", 1],
  ["0%", 10, "up", 0],
  ["100%", 7, "down", 7],
  ["150%", 3, "up", 5],
  ["30%", 10, "up", 3],
  [2, 10, "up", 2],
  [undefined, 10, "up", 0],
] as const)("%s of %d rounded %s is %d", (value, total, round, expected) => {
  expect(scaledValue(value, total, round)).toBe(expected);
});

test.each(["25", "x%", "-5%", "2.5%"])("%s is neither a count nor a percentage", (value) => {
  expect(() => scaledValue(value, 10, "up")).toThrow("invalid value for IntOrString");
});

test.each([
  ["25%", "25%", 1, { surge: 1, unavailable: 0 }],
  ["25%", "25%", 4, { surge: 1, unavailable: 1 }],
  ["25%", "25%", 10, { surge: 3, unavailable: 2 }],
  [0, "25%", 3, { surge: 0, unavailable: 1 }],
  [0, 0, 5, { surge: 0, unavailable: 1 }],
  [0, "1%", 50, { surge: 0, unavailable: 1 }],
  ["50%", 0, 3, { surge: 2, unavailable: 0 }],
] as const)(
  "maxSurge %s and maxUnavailable %s of %d pods",
  (surge, unavailable, desired, posts) => {
    expect(resolveFenceposts(surge, unavailable, desired)).toEqual(posts);
  },
);
