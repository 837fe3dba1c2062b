import { expect, test } from "vitest";
import { closest } from "./closest.ts";

const labs = ["istio-canary", "istio-canary-shift", "deploy-app", "rollback"];

test("a slip of the finger finds the name that was meant", () => {
  expect(closest("istio-canray", labs)[0]).toBe("istio-canary");
});

test("part of a name finds the names that hold it", () => {
  expect(closest("canary", labs)).toEqual(["istio-canary", "istio-canary-shift"]);
});

test("a name like none of them finds nothing", () => {
  expect(closest("zzzzzz", labs)).toEqual([]);
});
