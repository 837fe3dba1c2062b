import { expect, test } from "vitest";
import type { CheckRecord, ErrorRecord, LabRecord, StepRecord } from "../report/record.ts";
import type { SabotageDefinition } from "./definition.ts";
import { isWhole, judgeSabotage, judgeSurveyed } from "./run-sabotage.ts";

const sabotage: SabotageDefinition = {
  title: "swapped",
  set: { a: 1 },
  fails: "Split",
  check: "toSplit",
};

function check(matcher: string, outcome: CheckRecord["outcome"]): CheckRecord {
  const rest = {
    kind: "split",
    summary: "v1 10 %",
    requests: 9,
    durationMs: 1,
    evidence: {},
    underRule: true,
  };
  return { id: "2.1", matcher, title: "x", outcome, ...rest };
}

function step(title: string, error?: ErrorRecord, checks: CheckRecord[] = []): StepRecord {
  const outcome = error ? "failed" : "passed";
  return { number: 1, title, outcome, durationMs: 1, checks, ...(error ? { error } : {}) };
}

function lab(outcome: LabRecord["outcome"], steps: StepRecord[], error?: ErrorRecord): LabRecord {
  return { lab: "l", outcome, durationMs: 1, phases: {}, steps, ...(error ? { error } : {}) };
}

const failure = (code: string, message = "v1 10 %"): ErrorRecord => ({
  code,
  message,
  exitCode: 1,
});
const verdict = failure("LAB_VERDICT_FAILED");
const failing = [check("toSplit", "fail")];

test("is caught when the named step fails at the named check", () => {
  expect(judgeSabotage(lab("failed", [step("Split", verdict, failing)]), sabotage)).toEqual({
    caught: true,
    detail: "v1 10 %",
  });
});

test.each<[string, LabRecord, string]>([
  ["every check passed", lab("passed", [step("Split")]), "every check passed"],
  ["another step failed", lab("failed", [step("Deploy", verdict, failing)]), '"Deploy" failed'],
  [
    "another check of the step failed",
    lab("failed", [step("Split", verdict, [check("toBalance", "fail")])]),
    "another check failed (toBalance)",
  ],
  [
    "the step crashed",
    lab("failed", [step("Split", failure("LAB_STEP_FAILED", "TypeError: x"), failing)]),
    "no check failed, it was LAB_STEP_FAILED",
  ],
  [
    "the verdict was inconclusive",
    lab("failed", [step("Split", failure("LAB_VERDICT_INCONCLUSIVE"), failing)]),
    "no check failed",
  ],
  [
    "the run broke down",
    lab("failed", [], failure("CLUSTER_UNREACHABLE", "gone")),
    "the run broke down: gone",
  ],
  [
    "the lab was skipped",
    { ...lab("skipped", []), reason: "no docker" },
    "the lab was skipped: no docker",
  ],
])("is missed when %s", (_, record, detail) => {
  const found = judgeSabotage(record, sabotage);
  expect(found.caught).toBe(false);
  expect(found.detail).toContain(detail);
});

test("a refusal of the manifest counts only where the sabotage says its words", () => {
  const refused = lab("failed", [
    step("Split", failure("LAB_MANIFEST_INVALID", "illegal base64 data")),
  ]);
  const { check: _, ...anyCheck } = sabotage;
  expect(judgeSabotage(refused, anyCheck).caught).toBe(false);
  expect(judgeSabotage(refused, { ...anyCheck, because: "illegal base64" }).caught).toBe(true);
  expect(judgeSabotage(refused, { ...anyCheck, because: "something else" }).caught).toBe(false);
});

test("a surveyed check is caught only by a fail of its own", () => {
  const record = lab("failed", [step("Split", failure("LAB_STEP_FAILED", "boom"))]);
  expect(judgeSurveyed(check("toSplit", "fail"), record, "Split").caught).toBe(true);
  expect(judgeSurveyed(check("toSplit", "pass"), record, "Split")).toMatchObject({ caught: false });
  expect(judgeSurveyed(check("toSplit", "inconclusive"), record, "Split").caught).toBe(false);
  expect(judgeSurveyed(undefined, record, "Split")).toEqual({
    caught: false,
    detail: "it was not reached: boom",
  });
});

test("a survey tells which checks there are only where it got to the end of every step", () => {
  const through = step("Split", undefined, failing);
  expect(isWhole(lab("failed", [through]))).toBe(true);
  expect(isWhole(lab("failed", [through, step("Scale", failure("LAB_STEP_FAILED"))]))).toBe(false);
  expect(isWhole(lab("failed", [through], failure("CLUSTER_UNREACHABLE")))).toBe(false);
});
