import { expect, test } from "vitest";

import { judgeAllReached } from "./all-reached.ts";
import { stream, take } from "./simulated-stream.ts";

const by = "version" as const;

test.each([[3], [["a", "b", "c"]]])("passes once all of %o have answered", (members) => {
  const answers = take(stream({ a: 0.6, b: 0.2, c: 0.2 }, 3), 500);
  const verdict = judgeAllReached(answers, { members, by });
  expect(verdict.outcome).toBe("pass");
  expect(verdict.requests).toBeLessThan(60);
  expect(verdict.summary).toContain("3 of 3 reached");
});

test.each([
  ["one never answers", { a: 0.5, b: 0.5 }, ["a", "b", "c"], /never reached: c \(false alarm/],
  ["fewer answer than there are", { a: 0.5, b: 0.5 }, 3, /never reached: 1 member/],
  ["another answers", { a: 0.1, z: 0.9 }, ["a", "b"], /answered by others too: z/],
  ["requests fail", { a: 0.01, reset: 0.99 }, 2, /errors: .* reset/],
])("fails when %s", (_name, shares, members, cause) => {
  const verdict = judgeAllReached(take(stream(shares, 3), 500), { members, by });
  expect(verdict.outcome).toBe("fail");
  expect(verdict.cause).toMatch(cause);
});

test("is inconclusive before the last one would have shown", () => {
  const answers = take(stream({ a: 1 }, 3), 10);
  expect(judgeAllReached(answers, { members: 2, by }).outcome).toBe("inconclusive");
});
