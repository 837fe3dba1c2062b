import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { plainDescriptions, plainLines } from "./kubectl-text.ts";

const golden = (file: string): string =>
  readFileSync(new URL(`../../../fixtures/golden/kubectl/${file}.txt`, import.meta.url), "utf8");

test("names, ages and addresses are taken out, and nothing else", () => {
  expect(plainLines(golden("get-pods-wide"))[1]).toBe(
    "web-<rs>-<pod> 1/1 Running 0 <age> <ip> <node> <none> <none>",
  );
  expect(plainLines(golden("get-replicasets-wide")).at(-1)).toBe(
    "web-<rs> 4 4 4 <age> web bb:1 app=web,pod-template-hash=<hash>",
  );
});

test("four pods that are alike are one description", () => {
  expect(plainDescriptions(golden("describe-pods"))).toHaveLength(1);
});

test.each([
  ["QoS Class:                   BestEffort", "QoS Class: Burstable"],
  ["Exit Code:    3", "Exit Code: 4"],
  ["BackOff    37s (x3 over 73s)", "BackOf 37s (x3 over 73s)"],
])("another %j is seen", (recorded, other) => {
  const text = golden("describe-pod-crash");
  expect(text).toContain(recorded);
  expect(plainDescriptions(text.replace(recorded, other))).not.toEqual(plainDescriptions(text));
});
