import { expect, test } from "vitest";

import type { Observation } from "../traffic/observation.ts";
import { createDraw, answered, failed } from "./simulated-stream.ts";
import { judgeSticky } from "./sticky.ts";

function calls(count: number, podOf: (i: number) => string): Observation[] {
  return Array.from({ length: count }, (_, i) =>
    answered(i, "v1", { responder: { app: "combat", version: "v1", pod: podOf(i) } }),
  );
}

test("passes when one pod answers everything", () => {
  const verdict = judgeSticky(calls(400, () => "a"));
  expect(verdict.outcome).toBe("pass");
  expect(verdict.evidence).toMatchObject({ wrong: 0, needed: 270 });
  expect(verdict.summary).toContain("wanted the same answerer always");
});

test("fails when requests are balanced one by one", () => {
  const draw = createDraw([0.5, 0.5], 4);
  const verdict = judgeSticky(calls(400, () => `pod-${draw()}`));
  expect(verdict.outcome).toBe("fail");
  expect(verdict.cause).toMatch(/each request is balanced by itself/);
});

test("fails when the pod changes once", () => {
  const verdict = judgeSticky(calls(400, (i) => (i < 200 ? "a" : "b")));
  expect(verdict.outcome).toBe("fail");
  expect(verdict.cause).toMatch(/now and then: a then b × 1/);
});

test("fails on errors", () => {
  const verdict = judgeSticky([...calls(10, () => "a"), failed(10, "reset")]);
  expect(verdict.cause).toMatch(/errors: reset/);
});

test("is inconclusive with too few answers", () => {
  expect(judgeSticky(calls(100, () => "a")).outcome).toBe("inconclusive");
});
