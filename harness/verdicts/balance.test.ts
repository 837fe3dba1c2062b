import { describe, expect, test } from "vitest";

import type { Observation } from "../traffic/observation.ts";
import { createBalance, judgeBalance, type BalanceOptions } from "./balance.ts";
import { answered, createDraw, failed, simulationSeed, take, stream } from "./simulated-stream.ts";

const seed = simulationSeed();
console.log(`seed ${seed} (KUBELAB_SEED repeats it)`);

function pods(shares: Record<string, number>, count: number, ownSeed = 5): Observation[] {
  return take(stream(shares, ownSeed), count).map((one) => ({
    ...one,
    ...(one.responder ? { responder: { ...one.responder, pod: one.responder.version } } : {}),
  }));
}

const even = { a: 1 / 3, b: 1 / 3, c: 1 / 3 };

describe("an even spread", () => {
  test.each([[3], [["a", "b", "c"]]])("passes over %o", (members) => {
    const verdict = judgeBalance(pods(even, 20_000), { members });
    expect(verdict.outcome).toBe("pass");
    expect(verdict.summary).toMatch(/wanted 3 × 33.3 ± 10 · PASS \(error ≤ 1e-6\)/);
    expect(Object.keys(verdict.evidence.members).toSorted()).toEqual(["a", "b", "c"]);
  });

  test("passes in exact rotation, and says that it is one", () => {
    const rotation = Array.from({ length: 5000 }, (_, i) => {
      const pod = ["a", "b"][i % 2] ?? "";
      return answered(i, "v1", { responder: { app: "combat", version: "v1", pod } });
    });
    const verdict = judgeBalance(rotation, { members: 2 });
    expect(verdict.outcome).toBe("pass");
    expect(verdict.summary).toContain("in rotation");
  });
});

test("a spread of kept connections is no spread of requests: inconclusive", () => {
  const pinned = Array.from({ length: 10_000 }, (_, i) =>
    answered(i, "v1", {
      connection: i % 6,
      responder: { app: "combat", version: "v1", pod: ["a", "b"][i % 2] ?? "" },
    }),
  );
  const verdict = judgeBalance(pinned, { members: 2 });
  expect(verdict.outcome).toBe("inconclusive");
  expect(verdict.summary).toContain("each connection keeps its target");
});

describe("what is not an even spread fails and says why", () => {
  test.each<[string, Record<string, number>, BalanceOptions["members"], RegExp]>([
    ["one pod only", { a: 1 }, 2, /everything goes to a/],
    ["a pod missing, by name", { a: 0.5, b: 0.5 }, ["a", "b", "c"], /never reached: c/],
    ["a pod missing, by count", { a: 0.5, b: 0.5 }, 3, /2 of 3 members answer/],
    [
      "one of many missing, by count",
      Object.fromEntries("abcdefghi".split("").map((name) => [name, 1 / 9])),
      10,
      /9 of 10 members answer/,
    ],
    ["a stranger", { a: 0.45, b: 0.45, c: 0.1 }, 2, /more than 2 members answer: also/],
    ["uneven", { a: 0.8, b: 0.2 }, 2, /uneven: a gets [78]\d/],
    ["errors", { a: 0.49, b: 0.49, reset: 0.02 }, 2, /errors: .* reset/],
    ["all errors", { refused: 1 }, 2, /every request failed: refused/],
  ])("%s", (_name, shares, members, cause) => {
    const verdict = judgeBalance(pods(shares, 20_000), { members });
    expect(verdict.outcome).toBe("fail");
    expect(verdict.cause).toMatch(cause);
  });
});

test("is inconclusive while too little was seen", () => {
  expect(judgeBalance(pods(even, 50), { members: 3 }).outcome).toBe("inconclusive");
  const capped = judgeBalance(pods(even, 500), { members: 3, cap: 60 });
  expect(capped.outcome).toBe("inconclusive");
  expect(capped.summary).toContain("cap of 60 requests");
  expect(judgeBalance([], { members: ["a", "b"] }).summary).toMatch(/^a 0.0 % b 0.0 % of 0/);
  expect(judgeBalance([failed(0, "reset")], { members: 2 }).outcome).toBe("fail");
});

test("is inconclusive where answers come in clumps", () => {
  const clumps = Array.from({ length: 5000 }, (_, i) =>
    answered(i, "v1", {
      responder: { app: "combat", version: "v1", pod: `p${Math.floor(i / 5) % 2}` },
    }),
  );
  const verdict = judgeBalance(clumps, { members: 2 });
  expect(verdict.outcome).toBe("inconclusive");
  expect(verdict.summary).toContain("answers come in clumps");
});

const RUNS = 20_000;

test.each([
  ["raises a false alarm", [0.5, 0.5], "fail"],
  ["passes 60/40", [0.6, 0.4], "pass"],
])("%s over two pods no more often than stated, in 20,000 runs", (_name, truth, outcome) => {
  const draw = createDraw(truth, seed);
  const answers = ["a", "b"].map((pod) =>
    answered(0, "v1", { responder: { app: "combat", version: "v1", pod } }),
  );
  let count = 0;
  for (let run = 0; run < RUNS; run++) {
    const balance = createBalance({ members: 2, alpha: 1e-2, beta: 1e-2, cap: 1e6 });
    while (!balance.verdict()) balance.add(answers[draw()] as Observation);
    if (balance.verdict()?.outcome === outcome) count++;
  }
  expect(count / RUNS).toBeLessThan(1e-2 + 4 * Math.sqrt(1e-2 / RUNS));
});
