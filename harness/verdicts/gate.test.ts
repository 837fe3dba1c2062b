import { expect, test } from "vitest";

import type { Observation } from "../traffic/observation.ts";
import { createGate } from "./gate.ts";
import { answered, failed } from "./simulated-stream.ts";

const isV2 = ({ responder }: Observation): boolean => responder?.version === "v2";

test("opens on the first answer that only the new rule can produce", () => {
  const gate = createGate({ proves: isV2 });
  for (let i = 0; i < 50; i++) gate.add(answered(i, "v1"));
  expect(gate.state).toBe("waiting");
  gate.add(answered(50, "v2"));
  expect(gate.state).toBe("open");
  expect(gate.evidence()).toMatchObject({ requests: 51, seen: { v1: 50, v2: 1 } });
});

test("opens after so many allowed answers in a row, and a wrong one starts the count again", () => {
  const gate = createGate({ accepts: isV2, consecutive: 3 });
  for (const [i, version] of ["v2", "v2", "v1", "v2", "v2"].entries())
    gate.add(answered(i, version));
  expect(gate.state).toBe("waiting");
  gate.add(answered(5, "v2"));
  expect(gate.state).toBe("open");
});

test("expires by requests and by time, and tells what was seen", () => {
  const byCount = createGate({ proves: isV2, maxRequests: 3 });
  for (let i = 0; i < 3; i++) byCount.add(failed(i, "refused"));
  expect(byCount.state).toBe("expired");
  expect(byCount.evidence().seen).toEqual({ refused: 3 });
  const byTime = createGate({ accepts: isV2, maxMs: 100 });
  for (let i = 0; i < 12; i++) byTime.add(answered(i, "v1"));
  expect(byTime.state).toBe("expired");
  expect(byTime.evidence().requests).toBe(11);
});

test("needs to be told what the new rule looks like", () => {
  expect(() => createGate({})).toThrow(/needs `proves` or `accepts`/);
});
