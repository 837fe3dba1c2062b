import { expect, test } from "vitest";

import type { Observation } from "../traffic/observation.ts";
import { createGate, toShutVerdict } from "./gate.ts";
import { answered, failed } from "./simulated-stream.ts";

const isV2 = ({ responder }: Observation): boolean => responder?.version === "v2";

test("opens on the first answer that only the new rule can produce", () => {
  const gate = createGate({ shows: isV2 });
  for (let i = 0; i < 50; i++) gate.add(answered(i, "v1"));
  expect(gate.isOpen).toBe(false);
  gate.add(answered(50, "v2"));
  expect(gate.isOpen).toBe(true);
  gate.add(answered(51, "v1"));
  expect(gate.isOpen).toBe(true);
  expect(gate.evidence()).toMatchObject({ requests: 51, seen: { v1: 50, v2: 1 } });
});

test("opens after so many allowed answers in a row, and a wrong one starts the count again", () => {
  const gate = createGate({ shows: isV2, consecutive: 3 });
  for (const [i, version] of ["v2", "v2", "v1", "v2", "v2"].entries())
    gate.add(answered(i, version));
  expect(gate.isOpen).toBe(false);
  gate.add(answered(5, "v2"));
  expect(gate.isOpen).toBe(true);
});

test("opens only when the answers in a row have also gone on for long enough", () => {
  const gate = createGate({ shows: isV2, consecutive: 3, lastingMs: 1000 });
  const answerAt = (sentAtMs: number, version: string): void =>
    gate.add({ ...answered(sentAtMs, version), sentAtMs });
  for (let ms = 0; ms <= 900; ms += 10) answerAt(ms, "v2");
  expect(gate.isOpen).toBe(false);
  answerAt(910, "v1");
  for (let ms = 920; ms < 1920; ms += 10) answerAt(ms, "v2");
  expect(gate.isOpen).toBe(false);
  answerAt(1920, "v2");
  expect(gate.isOpen).toBe(true);
});

test("one that stays shut says what was seen instead", () => {
  const gate = createGate({ shows: isV2 });
  for (let i = 0; i < 7; i++) gate.add(i === 3 ? failed(i, "refused") : answered(i, "v1"));
  const verdict = toShutVerdict("the rule's mark", gate.evidence(), 2000);
  expect(verdict).toMatchObject({
    kind: "gate",
    outcome: "fail",
    cause: "the rule is not in force",
    evidence: { requests: 7, seen: { v1: 6, refused: 1 } },
  });
  expect(verdict.summary).toBe(
    "the rule's mark: not once in 7 answers within 2.0 s; seen: v1 × 6, refused × 1 · FAIL (the rule is not in force)",
  );
});

test("one whose streak was broken says the best, and one without answers that there were none", () => {
  const gate = createGate({ shows: isV2, consecutive: 6 });
  for (let i = 0; i < 20; i++) gate.add(answered(i, i % 5 === 4 ? "v1" : "v2"));
  expect(toShutVerdict("v2", gate.evidence(), 900).summary).toContain("at best 4 in a row of 6");
  const silent = createGate({ shows: isV2 });
  expect(toShutVerdict("v2", silent.evidence(), 900).summary).toContain("seen: nothing at all");
});
