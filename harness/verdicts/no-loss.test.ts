import { describe, expect, test } from "vitest";

import type { ErrorClass, Observation } from "../traffic/observation.ts";
import type { SendReport } from "../traffic/plan.ts";
import { judgeNoLoss, type NoLossOptions } from "./no-loss.ts";
import { judgeOutage } from "./outage.ts";
import { answered, failed } from "./simulated-stream.ts";

/** 100 requests a second; those between the moments fail. */
function load(count: number, failing: readonly [number, number, ErrorClass][] = []): Observation[] {
  return Array.from({ length: count }, (_, i) => {
    const hit = failing.find(([from, to]) => i * 10 >= from && i * 10 < to);
    return hit ? failed(i, hit[2]) : answered(i, "v1");
  });
}

const report = (sent: number, rest: Partial<SendReport> = {}): SendReport => ({
  planned: sent,
  sent,
  elapsedMs: sent * 10,
  lateMs: { p50: 0.4, p99: 1, max: 3 },
  eventLoopLagMs: 2,
  ...rest,
});

const judge = (observations: Observation[], options: Partial<NoLossOptions> = {}) =>
  judgeNoLoss(observations, {
    ratePerSecond: 100,
    timeoutMs: 500,
    report: report(observations.length),
    ...options,
  });

describe("no loss", () => {
  test("passes without failures, and says what gap would have shown", () => {
    const verdict = judge(load(1000));
    expect(verdict.outcome).toBe("pass");
    expect(verdict.summary).toBe(
      "0 failed of 1,000 requests (0.00 %) · loss ≤ 1.38 % · PASS (any gap of 13 ms would show)",
    );
  });

  test("fails on one failure, and names its class and the event before it", () => {
    const events = [
      { atMs: 1900, kind: "sigterm", object: "pod/logic-1" },
      { atMs: 5000, kind: "pod-ready", object: "pod/logic-2" },
    ];
    const verdict = judge(load(1000, [[2000, 2010, "refused"]]), { events });
    expect(verdict.outcome).toBe("fail");
    expect(verdict.cause).toBe(
      "connections went where nothing listens any more, or not yet (refused × 1, first 100 ms after sigterm of pod/logic-1)",
    );
    expect(verdict.evidence.first).toMatchObject({ atMs: 2000, sequence: 200, what: "refused" });
  });

  test("measures the longest gap of each stream and lays it over the events", () => {
    const both = load(1000, [[3000, 3400, "timeout"]]).map((one, i): Observation => ({
      ...one,
      stream: i % 2 ? "new" : "kept-alive",
    }));
    const events = [{ atMs: 2990, kind: "endpoint-removed", object: "pod/a" }];
    const { evidence, summary } = judge(both, { events });
    expect(summary).toContain("kept-alive 20 of 500, new 20 of 500 · longest gap 400 ms");
    expect(evidence.outages.map(({ stream, failures }) => [stream, failures])).toEqual([
      ["kept-alive", 20],
      ["new", 20],
    ]);
    expect(evidence.longestGapMs).toBe(400);
    expect(evidence.outages[0]?.near).toMatchObject({ kind: "endpoint-removed", afterMs: 10 });
    expect(evidence.byStream["new"]).toEqual({ requests: 500, failures: 20 });
  });

  test("tolerates a gap no longer than the one allowed", () => {
    const gap = load(1000, [[3000, 3400, "5xx"]]);
    expect(judge(gap, { maxGapMs: 1000 }).outcome).toBe("pass");
    expect(judge(gap, { maxGapMs: 1000, maxFailures: 10 }).outcome).toBe("fail");
    expect(judge(gap, { maxGapMs: 300, timeoutMs: 200 }).outcome).toBe("fail");
    expect(() => judge(gap, { maxGapMs: 500 })).toThrow(/below the tolerated gap of 500 ms/);
  });

  test("an outage that lasts to the end is one", () => {
    const { evidence } = judge(load(1000, [[9000, 99_999, "reset"]]));
    expect(evidence.outages).toMatchObject([{ open: true, gapMs: 1000, failures: 100 }]);
  });
});

describe("a sender that fell short never passes", () => {
  test.each([
    ["sent too few", { planned: 1100 }, /only made 1,000 requests of 1100 \(90.9 %\)/],
    ["was late", { lateMs: { p50: 1, p99: 70, max: 90 } }, /1 in 100 by more than 70 ms/],
    ["stood still", { eventLoopLagMs: 450 }, /stood still for 450 ms/],
    ["does not know how late it was", { lateMs: { p50: 0, p99: NaN, max: 0 } }, /left late/],
    ["does not know how long it stood still", { eventLoopLagMs: NaN }, /stood still/],
    ["lost observations", { sent: 1004, planned: 1004 }, /4 requests of 1004 ended without/],
  ])("%s", (_name, shortfall, why) => {
    const options = { report: report(1000, shortfall) };
    const verdict = judge(load(1000), options);
    expect(verdict.outcome).toBe("inconclusive");
    expect(verdict.summary).toMatch(why);
    expect(judge(load(1000, [[0, 10, "refused"]]), options).outcome).toBe("fail");
    expect(judge(load(1000, [[0, 10, "timeout"]]), options).outcome).toBe("inconclusive");
  });

  test("and neither do too few requests, or none", () => {
    expect(judge(load(20)).outcome).toBe("inconclusive");
    expect(judge([]).outcome).toBe("inconclusive");
  });
});

describe("an outage that must happen", () => {
  const options = {
    ratePerSecond: 100,
    timeoutMs: 500,
    report: report(1000),
    within: { fromMs: 2000, toMs: 4000 },
  };

  test("passes when all failures lie inside it", () => {
    const verdict = judgeOutage(load(1000, [[2500, 3100, "refused"]]), options);
    expect(verdict.outcome).toBe("pass");
    expect(verdict.summary).toContain("longest gap 600 ms");
  });

  test.each<[string, Parameters<typeof load>[1], RegExp]>([
    ["nothing failed", [], /there was no outage/],
    [
      "requests failed elsewhere",
      [
        [2500, 3100, "refused"],
        [7000, 7010, "reset"],
      ],
      /1 failure outside/,
    ],
  ])("fails when %s", (_name, failing, cause) => {
    const verdict = judgeOutage(load(1000, failing), options);
    expect(verdict.outcome).toBe("fail");
    expect(verdict.cause).toMatch(cause);
  });

  test("is inconclusive when the sender fell short", () => {
    const short = { ...options, report: report(1000, { planned: 2000 }) };
    expect(judgeOutage(load(1000), short).outcome).toBe("inconclusive");
    const own = load(1000, [[7000, 7300, "timeout"]]);
    expect(judgeOutage(own, short).outcome).toBe("inconclusive");
    expect(judgeOutage(own, options).outcome).toBe("fail");
  });
});
