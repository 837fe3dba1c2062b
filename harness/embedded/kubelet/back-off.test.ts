import { expect, test } from "vitest";
import { SteppedClock } from "../../time/stepped-clock.ts";
import { BackOff, toGoDuration } from "./back-off.ts";

test("waits 10, 20, 40 … and at most 300 seconds between restarts", async () => {
  const clock = new SteppedClock();
  const backOff = new BackOff(clock);
  const waits: number[] = [];
  for (let restart = 0; restart < 8; restart++) {
    const failedMs = clock.now();
    waits.push(backOff.remainingMs("c", failedMs) / 1000);
    await clock.advance(backOff.remainingMs("c", failedMs));
    expect(backOff.remainingMs("c", failedMs)).toBe(0);
    backOff.next("c", failedMs);
  }
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
});

test("begins again after ten minutes without a failure", async () => {
  const clock = new SteppedClock();
  const backOff = new BackOff(clock);
  for (let failure = 0; failure < 4; failure++) backOff.next("c", clock.now());
  expect(backOff.currentMs("c")).toBe(80_000);
  await clock.advance(600_001);
  expect(backOff.remainingMs("c", clock.now())).toBe(0);
  backOff.next("c", clock.now());
  expect(backOff.currentMs("c")).toBe(10_000);
});

test("counts a pull's wait from the failure and forgets a pod's keys", async () => {
  const clock = new SteppedClock();
  const backOff = new BackOff(clock);
  backOff.next("uid_image", clock.now());
  await clock.advance(4_000);
  expect(backOff.remainingSinceUpdateMs("uid_image")).toBe(6_000);
  backOff.forget("uid_");
  expect(backOff.remainingSinceUpdateMs("uid_image")).toBe(0);
});

test.each([
  [10_000, "10s"],
  [80_000, "1m20s"],
  [300_000, "5m0s"],
])("writes %i ms as %s", (ms, text) => {
  expect(toGoDuration(ms)).toBe(text);
});
