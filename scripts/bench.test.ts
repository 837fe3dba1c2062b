import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { fixedOutcome, smallestFixedTest } from "../bench/rules/fixed-n.ts";
import { gatewayApi } from "../bench/rules/gateway-api.ts";
import { sequential } from "../bench/rules/sequential.ts";
import { toShareTestOptions } from "../harness/verdicts/split.ts";

const script = fileURLToPath(new URL("bench.ts", import.meta.url));

/** Runs the command; gives its exit code and what it wrote. */
function bench(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

test("--list names every file of bench/", async () => {
  const { code, out } = await bench("--list");
  expect(code).toBe(0);
  const files = readdirSync(new URL("../bench/", import.meta.url)).filter((file) =>
    file.endsWith(".ts"),
  );
  for (const file of files) expect(out).toContain(file.slice(0, -3));
});

test.each([
  [["nope"], /no bench "nope"/],
  [[], /received none/],
  [["a", "b"], /received more/],
])("%o is refused with what there is", async (args, message) => {
  const { code, err } = await bench(...args);
  expect(code).toBe(2);
  expect(err).toMatch(message);
  expect(err).toContain("verdicts");
});

test("computes the Gateway API rule as published", () => {
  expect(gatewayApi([0.9, 0.1], [0.83, 0.17]).pass).toBeCloseTo(0.6671, 4);
  expect(gatewayApi([0.9, 0.1], [0.8, 0.2]).pass).toBeCloseTo(0.0162, 4);
  expect(gatewayApi([0.5, 0.5], [0.57, 0.43]).pass).toBeCloseTo(0.847, 3);
  expect(gatewayApi([0.9, 0.1], [0.85, 0.15]).meanRequests).toBeCloseTo(1038, 0);
});

test("computes the fixed-size test as published", () => {
  const fixed = smallestFixedTest([0.9, 0.1], 0.05, 1e-3);
  expect(fixed.n).toBe(1656);
  expect(fixedOutcome(fixed, [0.85, 0.15]).pass).toBeLessThanOrEqual(1e-3);
  expect(fixedOutcome(fixed, [0.9, 0.1]).fail).toBeLessThanOrEqual(1e-3);
});

test("simulated sizes over three targets are those of the verdict's own test", () => {
  const weights = { v1: 70, v2: 20, v3: 10 };
  const options = toShareTestOptions({ weights, alpha: 1e-2, beta: 1e-2 });
  const outcome = sequential(options, [0.7, 0.2, 0.1], 2000, 1);
  expect(outcome.meanRequests).toBeGreaterThan(500);
  expect(outcome.fail).toBeLessThanOrEqual(1e-2);
});
