import { expect, test } from "vitest";

import type { Observation } from "../traffic/observation.ts";
import { judgeLatency } from "./latency.ts";
import { answered, createDraw, failed } from "./simulated-stream.ts";

const times = (count: number, ms: (i: number) => number): Observation[] =>
  Array.from({ length: count }, (_, i) => answered(i, "v1", { durationMs: ms(i) }));

function late(share: number, count = 40_000): Observation[] {
  const draw = createDraw([share, 1 - share], 9);
  return times(count, () => (draw() === 0 ? 200 : 20));
}

test("passes when every answer lies within, with the times seen", () => {
  const verdict = judgeLatency(
    times(1500, (i) => 480 + (i % 40)),
    { minMs: 400, maxMs: 700 },
  );
  expect(verdict.outcome).toBe("pass");
  expect(verdict.evidence.observedMs).toMatchObject({ min: 480, max: 519 });
  expect(verdict.summary).toContain("wanted every answer within 400 ms to 700 ms");
  expect(verdict.evidence.outsideShare.low).toBe(0);
  expect(verdict.evidence.outsideShare.high).toBeCloseTo(0.01, 4);
});

test.each([
  ["too late", 900, /outside the bounds: too late/],
  ["too soon", 10, /outside the bounds: too soon/],
])("fails on one answer that comes %s", (_name, ms, cause) => {
  const verdict = judgeLatency(
    times(1500, (i) => (i === 700 ? ms : 500)),
    { minMs: 400, maxMs: 700 },
  );
  expect(verdict.outcome).toBe("fail");
  expect(verdict.cause).toMatch(cause);
});

test("a request that failed does not lie within", () => {
  const answers = times(1500, () => 5).with(40, failed(40, "reset"));
  const verdict = judgeLatency(answers, { maxMs: 100 });
  expect(verdict.outcome).toBe("fail");
  expect(verdict.cause).toMatch(/reset/);
  expect(verdict.evidence).toMatchObject({ outside: 1, within: 60 });
});

test("a quantile passes, fails and is inconclusive by its own test", () => {
  const options = { maxMs: 100, share: 0.99 };
  expect(judgeLatency(late(0.001), options).outcome).toBe("pass");
  const verdict = judgeLatency(late(0.02), options);
  expect(verdict.outcome).toBe("fail");
  expect(verdict.cause).toMatch(/\d\.\d\d % lie outside: too late/);
  const { low, high } = verdict.evidence.outsideShare;
  expect(low).toBeGreaterThan(0.005);
  expect(low).toBeLessThan(0.02);
  expect(high).toBeGreaterThan(0.02);
  expect(judgeLatency(late(0.001, 500), options).outcome).toBe("inconclusive");
});

test("is inconclusive with too few requests", () => {
  expect(
    judgeLatency(
      times(10, () => 5),
      { maxMs: 100 },
    ).outcome,
  ).toBe("inconclusive");
});

test("refuses bounds in the wrong order", () => {
  expect(() => judgeLatency([], { minMs: 5, maxMs: 5 })).toThrow(/maxMs: expected above 5/);
});
