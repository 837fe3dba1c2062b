import { expect, test } from "vitest";

import { startMisbehaving } from "../../fixtures/misbehave/server.ts";
import { systemClock } from "../time/clock.ts";
import { judgeNoLoss } from "../verdicts/no-loss.ts";
import type { Observation } from "./observation.ts";
import { startLoad } from "./load.ts";
import { outsideVantage } from "./vantage.ts";

interface View {
  readonly ok: number;
  readonly bad: number;
}

interface Hole {
  readonly windowMs: number;
  readonly fromMs: number;
  readonly lengthMs: number;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly answerMs: number;
}

const inHole = (atMs: number, { fromMs, lengthMs }: Hole): boolean =>
  atMs >= fromMs && atMs < fromMs + lengthMs;

/** A sender that waits for its answer, then for the interval: it hardly sends during the hole. */
function closedView(hole: Hole): View {
  let ok = 0;
  let bad = 0;
  for (let atMs = 0; atMs < hole.windowMs;) {
    const lost = inHole(atMs, hole);
    if (lost) bad++;
    else ok++;
    atMs += hole.intervalMs + (lost ? hole.timeoutMs : hole.answerMs);
  }
  return { ok, bad };
}

/** A sender that goes by the clock. */
function openView(hole: Hole): View {
  const times = Array.from(
    { length: hole.windowMs / hole.intervalMs },
    (_, i) => i * hole.intervalMs,
  );
  const bad = times.filter((atMs) => inHole(atMs, hole)).length;
  return { ok: times.length - bad, bad };
}

const share = ({ ok, bad }: View): number => ok / (ok + bad);

test("by computation: 10 s of nothing in 60 s look like 99.8 % to a closed loop, 83.3 % to an open one", () => {
  const hole: Hole = {
    windowMs: 60_000,
    fromMs: 20_000,
    lengthMs: 10_000,
    timeoutMs: 5000,
    intervalMs: 50,
    answerMs: 10,
  };
  const closed = closedView(hole);
  const open = openView(hole);
  console.log(
    `10 s stall · closed loop ${JSON.stringify(closed)} · open loop ${JSON.stringify(open)}`,
  );
  expect(closed.bad).toBe(2);
  expect(share(closed)).toBeGreaterThan(0.997);
  expect(open).toEqual({ ok: 1000, bad: 200 });
  expect(share(open)).toBeCloseTo(0.833, 3);
});

test("by experiment, twenty times as fast: the same stall of a real server, side by side", async () => {
  await using server = await startMisbehaving({ port: 0 });
  const here = outsideVantage();
  const timeoutMs = 250;
  const windowMs = 3000;
  const stop = new AbortController();
  const waiting: Observation[] = [];
  const closed = here.send(
    { mode: "closed", url: server.url, connections: 1, restMs: 3, timeoutMs },
    (observation) => waiting.push(observation),
    stop.signal,
  );
  await using load = startLoad(here, {
    mode: "open",
    url: server.url,
    ratePerSecond: 200,
    durationMs: windowMs,
    timeoutMs,
  });
  await systemClock.sleep(1000);
  server.stall(500);
  const events = [{ atMs: systemClock.now(), kind: "stall", object: "the server" }];
  const { observations, report } = await load.ended;
  stop.abort();
  await closed;

  const viewOf = (all: readonly Observation[]): View => {
    const bad = all.filter(({ error }) => error !== undefined).length;
    return { ok: all.length - bad, bad };
  };
  const verdict = judgeNoLoss(observations, {
    ratePerSecond: 200,
    timeoutMs,
    report,
    events,
    // What is shown is the server's stall, on however busy a machine.
    maxLateMs: 1000,
    maxLagMs: 1000,
  });
  console.log(
    `0.5 s stall of 3 s · closed loop ${JSON.stringify(viewOf(waiting))} · open loop ${JSON.stringify(viewOf(observations))} · ${verdict.summary}`,
  );
  // The closed loop sees one or two slow requests among hundreds, the open one what users would.
  expect(viewOf(waiting).bad).toBeLessThanOrEqual(2);
  expect(share(viewOf(waiting))).toBeGreaterThan(0.99);
  expect(share(viewOf(observations))).toBeLessThan(0.95);
  expect(verdict.outcome).toBe("fail");
  expect(verdict.evidence.longestGapMs).toBeGreaterThan(200);
  expect(verdict.evidence.longestGapMs).toBeLessThan(700);
  expect(verdict.evidence.first?.near?.kind).toBe("stall");
  expect(verdict.evidence.latencyMs.p99).toBeGreaterThan(200);
});
