import { expect, test } from "vitest";

import type { Observation } from "../traffic/observation.ts";
import type { SendReport } from "../traffic/plan.ts";
import { answered, failed } from "./simulated-stream.ts";
import { judgeSomeLoss, type SomeLossOptions } from "./some-loss.ts";

/** A request every 10 ms for 10 s, with these in place of the ones of their number. */
function load(...instead: readonly Observation[]): Observation[] {
  const requests = Array.from({ length: 1000 }, (_, i) => answered(i, "v1"));
  for (const one of instead) requests[one.sequence] = one;
  return requests;
}

const sound: SendReport = {
  planned: 1000,
  sent: 1000,
  elapsedMs: 10_000,
  lateMs: { p50: 0.4, p99: 1, max: 3 },
  eventLoopLagMs: 2,
};

const judge = (observations: readonly Observation[], options: Partial<SomeLossOptions> = {}) =>
  judgeSomeLoss(observations, {
    ratePerSecond: 100,
    timeoutMs: 5000,
    report: sound,
    within: { fromMs: 3000, toMs: 6000 },
    ...options,
  });

test("passes where some requests fail while the action lasts, and counts them", () => {
  const verdict = judge(load(failed(400, "reset"), failed(401, "reset"), failed(450, "refused")));

  expect(verdict.outcome).toBe("pass");
  expect(verdict.summary).toBe(
    "3 failed of 1,000 requests (0.30 %) · wanted some · PASS (reset × 2, refused × 1)",
  );
});

test("a request sent before the action that fails inside it belongs to it", () => {
  expect(judge(load(failed(250, "reset", { durationMs: 1000 }))).outcome).toBe("pass");
});

test.each([
  ["before", failed(200, "reset")],
  ["after", failed(700, "reset")],
])("fails where a request is lost %s the action", (_, lost) => {
  const verdict = judge(load(failed(400, "reset"), lost));

  expect(verdict.outcome).toBe("fail");
  expect(verdict.cause).toBe("1 failure outside the action");
});

test("fails where a request is lost in another way than wanted", () => {
  const verdict = judge(load(failed(400, "refused")), { as: ["reset"] });

  expect(verdict.cause).toBe("failed in another way: refused × 1");
});

test("fails where nothing is lost; is inconclusive where the sender was not there to see it", () => {
  expect(judge(load()).cause).toBe("no request failed: no loss could be provoked");
  const late = { ...sound, lateMs: { p50: 1, p99: 300, max: 400 } };
  expect(judge(load(), { report: late }).outcome).toBe("inconclusive");
});

test("a sender that fell short never passes, nor do its own timeouts fail", () => {
  const report = { ...sound, eventLoopLagMs: 900 };
  const lost = judge(load(failed(400, "reset")), { report });
  expect(lost.summary).toContain("INCONCLUSIVE (the sender stood still for 900 ms)");
  expect(judge(load(failed(400, "timeout")), { report }).outcome).toBe("inconclusive");
  expect(judge(load(failed(800, "timeout")), { report }).outcome).toBe("inconclusive");
  expect(judge(load(failed(800, "reset")), { report }).outcome).toBe("fail");
});
