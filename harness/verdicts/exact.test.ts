import { expect, test } from "vitest";

import { judgeExact, type ExactOptions } from "./exact.ts";
import { answered, failed, stream, take } from "./simulated-stream.ts";

const judge = (shares: Record<string, number>, options: Partial<ExactOptions> = {}, count = 5000) =>
  judgeExact(take(stream(shares, 21), count), { expected: "v1", ...options });

test("passes after as many right answers as the bound takes, and states it", () => {
  const verdict = judge({ v1: 1 });
  expect(verdict.outcome).toBe("pass");
  expect(verdict.requests).toBe(1375);
  expect(verdict.evidence.upperBound).toBeLessThanOrEqual(0.01);
  expect(verdict.summary).toBe(
    "0 wrong of 1,375 requests · wanted v1 to answer · wrong ≤ 1 % · PASS (error ≤ 1e-6)",
  );
  expect(judge({ v1: 1 }, { beta: 1e-3 }).requests).toBe(688);
  expect(judge({ v1: 1 }, { bound: 0.001 }, 20_000).requests).toBe(13_809);
});

test.each([
  ["no rule", { v1: 0.5, v2: 0.5 }, /does not hold for \d+\.\d\d % of the requests: v2/],
  ["the other version always", { v2: 1 }, /not in force: not one right answer, instead v2 × 21/],
  ["a leak", { v1: 0.995, v2: 0.005 }, /a leak of \d\.\d\d %: v2/],
  ["errors", { v1: 0.99, reset: 0.01 }, /errors: .* failed: reset/],
  ["all errors", { refused: 1 }, /every request failed: refused × 21/],
  ["leak and errors", { v1: 0.5, v2: 0.25, reset: 0.25 }, /wrong answers and errors/],
])("fails on %s and says so", (_name, shares, cause) => {
  const verdict = judge(shares);
  expect(verdict.outcome).toBe("fail");
  expect(verdict.cause).toMatch(cause);
});

test("is inconclusive with too few requests, and states the bound that was reached", () => {
  const verdict = judge({ v1: 1 }, {}, 200);
  expect(verdict.outcome).toBe("inconclusive");
  expect(verdict.summary).toMatch(/wrong ≤ 6.68 % · INCONCLUSIVE \(.*1,375 requests are needed\)/);
  expect(verdict.evidence.upperBound).toBeGreaterThan(0.05);
});

test("an answer that was cut off is wrong, even by the right one", () => {
  const cut = answered(100, "v1", { error: "truncated" });
  const verdict = judgeExact([...take(stream({ v1: 1 }, 1), 100), cut], { expected: "v1" });
  expect(verdict.cause).toMatch(/truncated × 1/);
});

test("one wrong answer at the very end is a fail, not inconclusive", () => {
  const answers = [...take(stream({ v1: 1 }, 1), 100), answered(100, "v2")];
  expect(judgeExact(answers, { expected: "v1" }).outcome).toBe("fail");
});

test("judges a condition on the whole answer, even one that wants an error", () => {
  const expected = {
    description: "504",
    holds: ({ status }: { status?: number }) => status === 504,
  };
  const timeouts = Array.from({ length: 1500 }, (_, i) => failed(i, "5xx", { status: 504 }));
  expect(judgeExact(timeouts, { expected }).outcome).toBe("pass");
  const cut = timeouts.with(3, failed(3, "truncated", { status: 504 }));
  expect(judgeExact(cut, { expected }).outcome).toBe("fail");
});

test("refuses a bound that is none", () => {
  expect(() => judgeExact([], { expected: "v1", bound: 0 })).toThrow(/bound: expected/);
});
