import { expect, test } from "vitest";
import type { Observation } from "./observation.ts";
import { createSendOrder } from "./send-order.ts";

test("passes answers on in the order their requests were sent", () => {
  const seen: number[] = [];
  const order = createSendOrder(({ sequence }) => seen.push(sequence));
  for (const sequence of [2, 0, 1, 4, 3]) order.add(observation(sequence));
  expect(seen).toEqual([0, 1, 2, 3, 4]);
});

test("holds back what was sent after a request that is not answered, until it is flushed", () => {
  const seen: number[] = [];
  const order = createSendOrder(({ sequence }) => seen.push(sequence));
  for (const sequence of [0, 3, 2]) order.add(observation(sequence));
  expect(seen).toEqual([0]);
  order.flush();
  expect(seen).toEqual([0, 2, 3]);
});

function observation(sequence: number): Observation {
  return { sequence, intendedAtMs: 0, sentAtMs: 0, durationMs: 1, connection: sequence };
}
