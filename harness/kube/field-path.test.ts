import { expect, test } from "vitest";
import { parsePath, valueAt } from "./field-path.ts";

test("reads names, indexes and quoted keys", () => {
  expect(parsePath('spec.http[0].headers["x-a.b/c"].set')).toEqual([
    "spec",
    "http",
    0,
    "headers",
    "x-a.b/c",
    "set",
  ]);
});

test("refuses what is no path and says where it stopped", () => {
  expect(() => parsePath("spec.[x")).toThrow('stopped at ".[x"');
  expect(() => parsePath("")).toThrow("is not a field path");
});

test("gives the value at a path, or undefined where there is none", () => {
  const object = { spec: { http: [{ weight: 90 }] } };
  expect(valueAt(object, parsePath("spec.http[0].weight"))).toBe(90);
  expect(valueAt(object, parsePath("spec.http[1].weight"))).toBeUndefined();
});
