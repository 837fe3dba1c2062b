import { expect, test } from "vitest";

import type { Observation } from "../traffic/observation.ts";
import { judgeCounterExact } from "./counter-exact.ts";
import { answered, failed } from "./simulated-stream.ts";

const hits = (values: readonly (number | string)[]): Observation[] =>
  values.map((value, i) => answered(i, "v1", { body: `hits ${value}` }));
const valueOf = ({ body }: Observation): number | undefined => {
  const digits = /hits (\d+)$/.exec(body ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
};
const row = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + i);

test("passes when every request raised it by one, in whatever order the answers came", () => {
  const verdict = judgeCounterExact(hits(row(8, 100).toReversed()), { valueOf, before: 7 });
  expect(verdict.outcome).toBe("pass");
  expect(verdict.evidence).toMatchObject({ first: 8, last: 107, skipped: 0 });
});

test.each([
  ["two counters are kept", row(0, 100).map((i) => 1 + (i >> 1)), /more than one counter is kept/],
  ["others count too", row(0, 100).map((i) => 8 + 2 * i), /99 values never came/],
  ["it was reset before", row(1, 100), /went on at 1, not at 8/],
  ["an answer has no value", row(8, 99).map(String).concat("none"), /without the counter/],
  ["a value is no number", row(8, 99).map(String).concat("1e999"), /without the counter/],
  ["a value is no whole number", row(8, 99).map(String).concat("8.5"), /without the counter/],
])("fails when %s", (_name, values, cause) => {
  const verdict = judgeCounterExact(hits(values), { valueOf, before: 7 });
  expect(verdict.outcome).toBe("fail");
  expect(verdict.cause).toMatch(cause);
});

test("fails when requests fail", () => {
  const answers = Array.from({ length: 50 }, (_, i) => failed(i, "refused"));
  const verdict = judgeCounterExact(answers, { valueOf });
  expect(verdict.cause).toMatch(/every request failed: refused/);
});

test("is inconclusive with fewer requests than wanted", () => {
  expect(judgeCounterExact(hits(row(1, 99)), { valueOf }).outcome).toBe("inconclusive");
});
