import { expect, test } from "vitest";
import { SteppedClock } from "../../time/stepped-clock.ts";
import { SyncRunner } from "./sync-runner.ts";

test("a first change is in force at once, those that follow at most once in the interval", async () => {
  const clock = new SteppedClock();
  const syncs: number[] = [];
  const runner = new SyncRunner(clock, 1_000, () => syncs.push(clock.now()));
  runner.changed();
  await clock.advance(0);
  for (let n = 0; n < 10; n++) {
    runner.changed();
    await clock.advance(150);
  }
  await clock.advance(5_000);
  expect(syncs).toEqual([0, 1_000, 2_000]);
  runner.changed();
  await clock.advance(0);
  expect(syncs.at(-1)).toBe(6_500);
});

test("a stopped runner does not sync what was waiting", async () => {
  const clock = new SteppedClock();
  let syncs = 0;
  const runner = new SyncRunner(clock, 1_000, () => syncs++);
  runner.changed();
  runner.stop();
  await clock.advance(2_000);
  expect(syncs).toBe(0);
});
