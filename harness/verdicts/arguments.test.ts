import { expect, test } from "vitest";

import { createBalance, type BalanceOptions } from "./balance.ts";
import { createCounterExact } from "./counter-exact.ts";
import { createExact, type ExactOptions } from "./exact.ts";
import { createLatency, type LatencyOptions } from "./latency.ts";
import { judgeNoLoss, type NoLossOptions } from "./no-loss.ts";
import { createSplit, type SplitOptions } from "./split.ts";

const report = {
  planned: 0,
  sent: 0,
  elapsedMs: 0,
  lateMs: { p50: 0, p99: 0, max: 0 },
  eventLoopLagMs: 0,
};
const split = (options: Partial<SplitOptions>) =>
  createSplit({ weights: { v1: 90, v2: 10 }, ...options });
const balance = (options: Partial<BalanceOptions>) => createBalance({ members: 3, ...options });
const exact = (options: Partial<ExactOptions>) => createExact({ expected: "v1", ...options });
const latency = (options: Partial<LatencyOptions>) =>
  createLatency({ maxMs: 100, share: 0.9, ...options });
const noLoss = (options: Partial<NoLossOptions>) =>
  judgeNoLoss([], { ratePerSecond: 100, timeoutMs: 500, report, ...options });

test.each<[string, () => unknown]>([
  [
    "weights: expected none below 0 and a sum above 0, received Infinity, 1",
    () => split({ weights: { v1: Infinity, v2: 1 } }),
  ],
  ["tolerance: expected points between 0 and 100, received -1", () => split({ tolerance: -1 })],
  ["tolerance: expected points between 0 and 100, received NaN", () => split({ tolerance: NaN })],
  ["alpha: expected a probability below 0.5, received NaN", () => split({ alpha: NaN })],
  ["beta: expected a probability below 0.5, received 0", () => split({ beta: 0 })],
  ["cap: expected 1 request or more, received 0", () => split({ cap: 0 })],
  ["cap: expected 1 request or more, received NaN", () => split({ cap: NaN })],
  ["maxErrorShare: expected 0 or more, below 1, received NaN", () => split({ maxErrorShare: NaN })],
  ["afterFact: expected a whole number of 0 or more, received -1", () => split({ afterFact: -1 })],
  ["members: expected two or more, received 1", () => balance({ members: 1 })],
  ["members: expected each one once, received a, a", () => balance({ members: ["a", "a"] })],
  ["alpha: expected a probability below 0.5, received 0", () => balance({ alpha: 0 })],
  ["beta: expected a probability below 0.5, received 2", () => balance({ beta: 2 })],
  ["cap: expected 1 request or more, received -5", () => balance({ cap: -5 })],
  ["bound: expected between 0 and 1, received 1", () => exact({ bound: 1 })],
  [
    "afterFact: expected a whole number of 0 or more, received NaN",
    () => exact({ afterFact: NaN }),
  ],
  ["minMs: expected 0 or more, received NaN", () => latency({ minMs: NaN })],
  ["maxMs: expected above 0, received NaN", () => latency({ maxMs: NaN })],
  ["alpha: expected a probability below 0.5, received 0", () => latency({ alpha: 0 })],
  [
    "requests: expected a whole number of 1 or more, received NaN",
    () => createCounterExact({ valueOf: () => 1, requests: NaN }),
  ],
  ["ratePerSecond: expected above 0, received 0", () => noLoss({ ratePerSecond: 0 })],
  [
    "timeoutMs: expected below the tolerated gap of 500 ms, received 500",
    () => noLoss({ maxGapMs: 500 }),
  ],
  [
    "timeoutMs: expected below the tolerated gap of NaN ms, received 500",
    () => noLoss({ maxGapMs: NaN }),
  ],
  [
    "maxFailures: expected a whole number of 0 or more, received -1",
    () => noLoss({ maxFailures: -1 }),
  ],
  [
    "leastRequests: expected a whole number of 1 or more, received NaN",
    () => noLoss({ leastRequests: NaN }),
  ],
])("%s", (message, create) => {
  expect(create).toThrow(expect.objectContaining({ code: "LAB_INVALID", message }));
});
