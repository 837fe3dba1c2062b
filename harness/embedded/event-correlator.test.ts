import { expect, test } from "vitest";
import { SteppedClock } from "../time/stepped-clock.ts";
import { EventCorrelator, type EventFacts } from "./event-correlator.ts";

const facts: EventFacts = {
  source: "kubelet/node",
  object: "v1 Pod default web uid",
  fieldPath: "spec.containers{web}",
  type: "Warning",
  reason: "BackOff",
  message: "Back-off restarting failed container",
};

test("an event that is seen again counts up under its first name and time", async () => {
  const clock = new SteppedClock(1_000);
  const correlator = new EventCorrelator(clock);
  correlator.correlate(facts, "web.1");
  await clock.advance(5_000);
  expect(correlator.correlate(facts, "web.2")).toMatchObject({
    name: "web.1",
    count: 2,
    firstMs: 1_000,
  });
});

test("the same message about another container is another event", () => {
  const correlator = new EventCorrelator(new SteppedClock());
  correlator.correlate(facts, "web.1");
  const other = correlator.correlate({ ...facts, fieldPath: "spec.containers{db}" }, "web.2");
  expect(other).toMatchObject({ name: "web.2", count: 1 });
});

test("the tenth message of one reason starts a combined event that then counts up", () => {
  const correlator = new EventCorrelator(new SteppedClock());
  const messages = Array.from({ length: 12 }, (_, index) => {
    const seen = correlator.correlate({ ...facts, message: `m${index}` }, `web.${index}`);
    return `${seen?.name} ${seen?.count} ${seen?.message}`;
  });
  expect(messages.slice(8)).toEqual([
    "web.8 1 m8",
    "web.9 1 (combined from similar events): m9",
    "web.9 2 (combined from similar events): m10",
    "web.9 3 (combined from similar events): m11",
  ]);
});

test("messages more than ten minutes apart are not combined", async () => {
  const clock = new SteppedClock();
  const correlator = new EventCorrelator(clock);
  for (let index = 0; index < 9; index++)
    correlator.correlate({ ...facts, message: `m${index}` }, `web.${index}`);
  await clock.advance(600_001);
  expect(correlator.correlate({ ...facts, message: "late" }, "web.9")?.message).toBe("late");
});

test("the 26th report of one type on one object is dropped but counted, and one more passes after five minutes", async () => {
  const clock = new SteppedClock();
  const correlator = new EventCorrelator(clock);
  for (let index = 0; index < 25; index++)
    expect(correlator.correlate(facts, "web.1")).toBeTruthy();
  expect(correlator.correlate(facts, "web.1")).toBeUndefined();
  expect(correlator.correlate({ ...facts, reason: "Unhealthy" }, "web.2")).toBeUndefined();
  expect(correlator.correlate({ ...facts, type: "Normal" }, "web.3")).toBeTruthy();
  await clock.advance(300_000);
  expect(correlator.correlate(facts, "web.1")?.count).toBe(27);
  expect(correlator.correlate(facts, "web.1")).toBeUndefined();
});

test("a forgotten event starts anew", () => {
  const correlator = new EventCorrelator(new SteppedClock());
  const first = correlator.correlate(facts, "web.1");
  correlator.forget(first?.key ?? "");
  expect(correlator.correlate(facts, "web.2")).toMatchObject({ name: "web.2", count: 1 });
});
