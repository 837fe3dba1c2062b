import { expect, test } from "vitest";

import { SteppedClock } from "../time/stepped-clock.ts";
import { createExact } from "../verdicts/exact.ts";
import { answered, failed } from "../verdicts/simulated-stream.ts";
import { createGate } from "../verdicts/gate.ts";
import { passGate } from "./converge.ts";
import type { Observation } from "./observation.ts";
import { sample } from "./sample.ts";
import type { Vantage } from "./vantage.ts";

const report = {
  planned: 0,
  sent: 0,
  elapsedMs: 0,
  lateMs: { p50: 0, p99: 0, max: 0 },
  eventLoopLagMs: 0,
};

/** A vantage whose answers are made up, until it is stopped or has no more. */
function answering(next: (i: number) => Observation | undefined): Vantage {
  return {
    name: "pod/x",
    async send(_plan, observe, stop) {
      let i = 0;
      while (!stop.aborted) {
        const observation = next(i);
        if (!observation) break;
        observe(observation);
        i++;
        if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return { ...report, sent: i };
    },
  };
}

const plan = { mode: "closed", url: "http://logic/", connections: "new" } as const;
const exact = () => createExact({ expected: "v1" });

test("stops with the request that decides, and judges every one before it", async () => {
  const seen: Observation[] = [];
  const verdict = await sample(
    answering((i) => answered(i, "v1")),
    plan,
    exact(),
    {
      onObservation: (observation) => seen.push(observation),
    },
  );
  expect(verdict.outcome).toBe("pass");
  expect(seen).toHaveLength(verdict.requests);
});

test("is inconclusive when the budget is spent or the requests are all sent", async () => {
  const few = await sample(
    answering((i) => (i < 7 ? answered(i, "v1") : undefined)),
    plan,
    exact(),
  );
  expect(few.outcome).toBe("inconclusive");
  expect(few.summary).toContain("undecided when all 7 requests were sent");
  const clock = new SteppedClock();
  const silent: Vantage = {
    name: "pod/x",
    send: (_plan, _observe, stop) =>
      new Promise((resolve) => stop.addEventListener("abort", () => resolve(report))),
  };
  const sampling = sample(silent, plan, exact(), { budgetMs: 5000, clock });
  await clock.advance(5000);
  expect((await sampling).summary).toContain("undecided after 5 s");
});

test("ends with the signal's reason", async () => {
  const signal = AbortSignal.abort(new Error("Ctrl-C"));
  await expect(
    sample(
      answering(() => undefined),
      plan,
      exact(),
      { signal },
    ),
  ).rejects.toThrow("Ctrl-C");
});

const isV2 = ({ responder }: Observation): boolean => responder?.version === "v2";

test("a gate opens with the first answer that only the new rule can produce", async () => {
  const gate = createGate({ shows: isV2 });
  const vantage = answering((i) => answered(i, i < 40 ? "v1" : "v2"));
  await passGate(vantage, plan, gate, { timeoutMs: 2000 });
  expect(gate.isOpen).toBe(true);
  expect(gate.evidence()).toMatchObject({ requests: 41, seen: { v1: 40, v2: 1 } });
});

test("a gate stays shut when the time is up, and tells what was seen instead", async () => {
  const gate = createGate({ shows: isV2 });
  const vantage = answering((i) => (i % 10 === 9 ? failed(i, "refused") : answered(i, "v1")));
  const waitedMs = await passGate(vantage, plan, gate, { timeoutMs: 50 });
  expect(waitedMs).toBeGreaterThan(40);
  expect(gate.isOpen).toBe(false);
  expect(Object.keys(gate.evidence().seen)).toEqual(["v1", "refused"]);
});

test("waiting at a gate ends with the signal's reason", async () => {
  const signal = AbortSignal.timeout(20);
  const vantage = answering((i) => answered(i, "v1"));
  const waiting = passGate(vantage, plan, createGate({ shows: isV2 }), { timeoutMs: 9999, signal });
  await expect(waiting).rejects.toThrow(/timeout/);
});
