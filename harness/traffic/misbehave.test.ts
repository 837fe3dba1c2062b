import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startMisbehaving, type MisbehavingServer } from "../../fixtures/misbehave/server.ts";
import { createExact } from "../verdicts/exact.ts";
import { createLatency } from "../verdicts/latency.ts";
import { judgeNoLoss } from "../verdicts/no-loss.ts";
import { createSplit } from "../verdicts/split.ts";
import type { Verdict } from "../verdicts/verdict.ts";
import { startLoad } from "./load.ts";
import { sample } from "./sample.ts";
import { outsideVantage } from "./vantage.ts";

const here = outsideVantage();
const wanted = {
  description: "a right answer",
  holds: ({ body }: { body?: string }) => body === "right\n",
};
const closed = { mode: "closed", connections: 5, keepBody: true, timeoutMs: 5000 } as const;

beforeAll(() => void (process.env["VERSION"] = "v1"));
afterAll(() => void delete process.env["VERSION"]);

describe("a server that behaves passes", () => {
  let server: MisbehavingServer;
  beforeAll(async () => void (server = await startMisbehaving({ port: 0 })));
  afterAll(() => server.stop());

  test("every verdict", async () => {
    const plan = { ...closed, url: server.url };
    const outcome = async (verdict: Promise<Verdict>) => (await verdict).outcome;
    expect(await outcome(sample(here, plan, createExact({ expected: wanted })))).toBe("pass");
    expect(await outcome(sample(here, plan, createExact({ expected: "v1" })))).toBe("pass");
    expect(await outcome(sample(here, plan, createLatency({ maxMs: 4000 })))).toBe("pass");
    const split = createSplit({ weights: { v1: 100, v2: 0 } });
    expect(await outcome(sample(here, plan, split))).toBe("pass");
  });
});

describe("a server that misbehaves fails for the reason that is there", () => {
  test.each([
    ["resets", "reset:0.01", /errors: .* reset/],
    ["half answers", "half:0.01", /errors: .* truncated/],
    ["connections closed without an answer", "silent-close:0.01", /errors: .* reset/],
    ["1 error in 500", "error:1/500", /errors: 0\.\d+ % .* 500 from app × 1/],
    ["wrong bodies", "wrong-body:0.01", /a leak of .*: v1/],
    ["stalls beyond the timeout", "stall:0.01:10000", /errors: .* timeout/],
  ])("%s, by the exact verdict", async (_name, faults, cause) => {
    await using server = await startMisbehaving({ port: 0, faults });
    const plan = { ...closed, url: server.url, timeoutMs: faults.startsWith("stall") ? 150 : 5000 };
    const verdict = await sample(here, plan, createExact({ expected: wanted }));
    expect(verdict.outcome).toBe("fail");
    expect(verdict.cause).toMatch(cause);
  });

  test("a leak of 0.5 % to v2, by exact and by weight 0", async () => {
    await using server = await startMisbehaving({ port: 0, faults: "leak:0.005" });
    const plan = { ...closed, url: server.url };
    const exact = await sample(here, plan, createExact({ expected: "v1" }));
    expect(exact.cause).toMatch(/a leak of \d\.\d\d %: v2 × \d/);
    const split = await sample(here, plan, createSplit({ weights: { v1: 100, v2: 0 } }));
    expect(split.cause).toMatch(/v2 has weight 0 and got \d requests?/);
  });

  test("1 error in 500, by the split verdict", async () => {
    await using server = await startMisbehaving({ port: 0, faults: "error:1/500,leak:0.1" });
    const plan = { ...closed, url: server.url };
    const verdict = await sample(here, plan, createSplit({ weights: { v1: 90, v2: 10 } }));
    expect(verdict.outcome).toBe("fail");
    expect(verdict.cause).toMatch(/errors: 0\.\d % of the requests failed \(500 from app × 1\)/);
  });

  test.each([100, 300])("stalls of %i ms, by the latency verdict", async (ms) => {
    await using server = await startMisbehaving({ port: 0, faults: `stall:0.01:${ms}` });
    const plan = { ...closed, url: server.url };
    const verdict = await sample(here, plan, createLatency({ maxMs: 90 }));
    expect(verdict.outcome).toBe("fail");
    expect(verdict.cause).toMatch(/outside the bounds: too late/);
  });

  test("resets and errors on both kinds of connections, by the no-loss verdict", async () => {
    await using server = await startMisbehaving({ port: 0, faults: "reset:1/7,error:1/11" });
    const plan = {
      mode: "open",
      url: server.url,
      ratePerSecond: 150,
      durationMs: 800,
      timeoutMs: 5_000,
    } as const;
    await using load = startLoad(here, plan);
    const { observations, report } = await load.ended;
    const verdict = judgeNoLoss(observations, { ...plan, report });
    expect(verdict.outcome).toBe("fail");
    expect(Object.keys(verdict.evidence.byClass).toSorted()).toEqual(["500 from app", "reset"]);
    expect(verdict.evidence.byStream["new"]?.failures).toBeGreaterThan(0);
    expect(verdict.evidence.byStream["kept-alive"]?.failures).toBeGreaterThan(0);
  });
});
