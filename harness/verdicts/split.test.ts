import { describe, expect, test } from "vitest";

import { answered, failed, stream, take } from "./simulated-stream.ts";
import { createSplit, judgeSplit, type SplitOptions } from "./split.ts";

const weights = { v1: 90, v2: 10 };
const judge = (shares: Record<string, number>, options: Partial<SplitOptions> = {}, seed = 11) =>
  judgeSplit(take(stream(shares, seed), 50_000), { weights, ...options });

describe("a split that is right", () => {
  test("passes, with its counts, interval, errors and n", () => {
    const verdict = judge({ v1: 0.9, v2: 0.1 });
    expect(verdict.outcome).toBe("pass");
    expect(verdict.summary).toMatch(
      /^v1 \d\d\.\d % v2 \d+\.\d % of [\d,]+ requests · wanted 90\/10 ± 5 · PASS \(error ≤ 1e-6\)$/,
    );
    const { targets, alpha, beta, errorBound } = verdict.evidence;
    expect([alpha, beta]).toEqual([1e-6, 1e-6]);
    expect(targets["v1"]?.low).toBeLessThan(0.9);
    expect(targets["v1"]?.high).toBeGreaterThan(0.9);
    expect((targets["v1"]?.count ?? 0) + (targets["v2"]?.count ?? 0)).toBe(verdict.requests);
    expect(errorBound).toBeLessThan(0.02);
    expect(verdict.cause).toBeUndefined();
  });

  test("takes weights on any scale and three targets", () => {
    const options = { weights: { a: 7, b: 2, c: 1 } };
    expect(judge({ a: 0.7, b: 0.2, c: 0.1 }, options).outcome).toBe("pass");
  });

  test("passes with a target of weight 0 that gets nothing", () => {
    expect(judge({ v1: 0.9, v2: 0.1 }, { weights: { ...weights, v3: 0 } }).outcome).toBe("pass");
    expect(judge({ v1: 1 }, { weights: { v1: 100, v2: 0 } }).outcome).toBe("pass");
  });
});

describe("a split that is wrong fails and names the likeliest cause", () => {
  test.each([
    ["no rule", { v1: 0.5, v2: 0.5 }, {}, /not in force: requests are spread evenly/],
    ["a stale rule", { v1: 1 }, {}, /everything goes to v1/],
    ["all to the canary", { v2: 1 }, {}, /everything goes to v2/],
    ["swapped weights", { v1: 0.1, v2: 0.9 }, {}, /weights are inverted/],
    ["80/20", { v1: 0.8, v2: 0.2 }, {}, /another split is in force, near v1 [78]\d %/],
    [
      "no rule, by pods",
      { v1: 0.75, v2: 0.25 },
      { pods: { v1: 3, v2: 1 } },
      /spread over the pods/,
    ],
    ["a target down", { v1: 0.9, "5xx": 0.1 }, {}, /no answer from v2: .* errors \(503 from envoy/],
    ["all errors", { refused: 1 }, {}, /every request failed \(refused × \d+\)/],
    ["some errors", { v1: 0.898, v2: 0.1, reset: 0.002 }, {}, /errors: .* failed \(reset/],
    ["strangers", { v9: 1 }, {}, /answered by none of the targets: v9/],
    [
      "a missing target of three",
      { a: 0.875, c: 0.125 },
      { weights: { a: 70, b: 20, c: 10 } },
      /nothing goes to b; the others share its part/,
    ],
    [
      "a leak",
      { v1: 0.9, v2: 0.095, v3: 0.005 },
      { weights: { ...weights, v3: 0 } },
      /v3 has weight 0 and got \d+ requests?/,
    ],
  ])("%s", (_name, shares, options, cause) => {
    const verdict = judge(shares, options);
    expect(verdict.outcome).toBe("fail");
    expect(verdict.cause).toMatch(cause);
    expect(verdict.summary).toContain(verdict.cause);
  });

  test("a target whose weight is within the tolerance still has to get something", () => {
    const verdict = judge({ v1: 1 }, { weights: { v1: 97, v2: 3 } });
    expect(verdict.outcome).toBe("fail");
    expect(verdict.cause).toMatch(/everything goes to v1/);
  });
});

test("a target of weight 0 that gets 1 % is not missed", () => {
  // Right answers first, as many as a share of 5 % would need to be ruled out.
  const answers = Array.from({ length: 2000 }, (_, i) =>
    answered(i, i % 300 === 299 ? "v2" : "v1"),
  );
  const verdict = judgeSplit(answers, { weights: { v1: 100, v2: 0 } });
  expect(verdict.outcome).toBe("fail");
  expect(verdict.cause).toMatch(/v2 has weight 0 and got 1 request/);
  const right = judge({ v1: 1 }, { weights: { v1: 100, v2: 0 } });
  expect(right.requests).toBe(1375);
  expect(right.evidence.targets["v2"]?.high).toBeLessThan(0.02);
});

test("a weight of 1 in 1,000 is waited for until it must have been seen", () => {
  const answers = Array.from({ length: 20_000 }, (_, i) =>
    answered(i, i === 9000 || i === 15_000 ? "v2" : "v1"),
  );
  const tiny = { weights: { v1: 999, v2: 1 } };
  expect(judgeSplit(answers, tiny)).toMatchObject({ outcome: "pass", requests: 9001 });
  expect(judge({ v1: 1 }, tiny).cause).toMatch(/everything goes to v1/);
});

test("names the tolerance as it was given", () => {
  const verdict = judge({ v1: 0.9, v2: 0.1 }, { tolerance: 7 });
  expect(verdict.summary).toContain("wanted 90/10 ± 7 ·");
  expect(verdict.evidence.tolerance).toBe(7);
});

describe("a split that cannot be decided is inconclusive", () => {
  test("at the cap", () => {
    const verdict = judge({ v1: 0.9, v2: 0.1 }, { cap: 100 });
    expect(verdict.outcome).toBe("inconclusive");
    expect(verdict.summary).toContain("INCONCLUSIVE (undecided at the cap of 100 requests)");
    expect(verdict.requests).toBe(100);
  });

  test("when requests end early", () => {
    const verdict = judgeSplit(take(stream({ v1: 0.9, v2: 0.1 }, 3), 20), { weights });
    expect(verdict.outcome).toBe("inconclusive");
    expect(judgeSplit([], { weights }).outcome).toBe("inconclusive");
  });

  test("but a failure that is certain stays one", () => {
    const answers = [...take(stream({ v1: 1 }, 3), 20), failed(20, "reset")];
    expect(judgeSplit(answers, { weights }).outcome).toBe("fail");
  });
});

test("tolerated errors count as requests and have their own bound", () => {
  const few = judge({ v1: 0.8995, v2: 0.1, "5xx": 0.0005 }, { maxErrorShare: 0.02 });
  expect(few.outcome).toBe("pass");
  const many = judge({ v1: 0.85, v2: 0.1, "5xx": 0.05 }, { maxErrorShare: 0.02 });
  expect(many.outcome).toBe("fail");
  expect(many.cause).toMatch(/errors/);
});

test("counts what another app answered, where asked to", () => {
  const answers = take(stream({ v1: 0.9, v2: 0.1 }, 5), 5000).map((one) => ({
    ...one,
    responder: { app: "access", version: "v1", pod: "access-0" },
    upstream: { app: "logic", version: one.responder?.version ?? "", pod: "p" },
  }));
  expect(judgeSplit(answers, { weights, of: "upstream" }).outcome).toBe("pass");
  expect(judgeSplit(answers, { weights }).outcome).toBe("fail");
});

test("says how things stand at any moment, and takes nothing after the verdict", () => {
  const split = createSplit({ weights });
  expect(split.live().targets["v1"]).toMatchObject({ count: 0, low: 0, high: 1 });
  for (const answer of take(stream({ v1: 0.9, v2: 0.1 }, 8), 5000)) split.add(answer);
  expect(split.live().requests).toBe(split.verdict()?.requests);
  expect(split.verdict()).toBe(split.conclude());
});

test("reports a rotation and does not fail it; clumps never pass", () => {
  const rotation = Array.from({ length: 10_000 }, (_, i) =>
    answered(i, i % 10 === 9 ? "v2" : "v1"),
  );
  const verdict = judgeSplit(rotation, { weights });
  expect(verdict.outcome).toBe("pass");
  expect(verdict.evidence.independence.pattern).toBe("rotating");
  const clumps = Array.from({ length: 10_000 }, (_, i) => answered(i, i % 100 >= 90 ? "v2" : "v1"));
  const clumped = judgeSplit(clumps, { weights });
  expect(clumped.evidence.independence.pattern).toBe("clumped");
  expect(clumped.outcome).toBe("inconclusive");
  expect(clumped.summary).toContain("INCONCLUSIVE (answers come in clumps: they are worth");
});

test("cannot be told where each connection keeps its target, and says so", () => {
  const own = ["v1", "v2", "v1", "v1", "v1", "v1", "v1", "v1", "v1", "v1"];
  const pinned = Array.from({ length: 10_000 }, (_, i) =>
    answered(i, own[i % 10] ?? "", { connection: i % 10 }),
  );
  const verdict = judgeSplit(pinned, { weights });
  expect(verdict.outcome).toBe("inconclusive");
  expect(verdict.evidence.independence.pattern).toBe("pinned");
  expect(verdict.summary).toContain("INCONCLUSIVE (each connection keeps its target");
  const uneven = pinned.filter(({ connection }) => connection > 2);
  expect(judgeSplit(uneven, { weights: { v1: 50, v2: 50 } })).toMatchObject({ outcome: "fail" });
  const shifted = pinned.filter(({ connection }) => connection < 4);
  expect(judgeSplit(shifted, { weights }).cause).toContain("each connection keeps its target");
});

test.each([
  [{ weights: { v1: 100 } }, /two targets/],
  [{ weights: { v1: -1, v2: 2 } }, /none below 0/],
  [{ weights: { v1: 0, v2: 0 } }, /sum above 0/],
  [{ weights, tolerance: 0 }, /tolerance: expected points/],
  [{ weights, alpha: 2 }, /alpha: expected a probability/],
])("refuses %o", (options, message) => {
  expect(() => createSplit(options)).toThrow(message);
});
