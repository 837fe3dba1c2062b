import { expect, test } from "vitest";
import { SteppedClock } from "../time/stepped-clock.ts";
import { eventually } from "./eventually.ts";

test("repeats the check until it no longer throws and gives its value", async () => {
  const clock = new SteppedClock();
  let tries = 0;
  const result = eventually(
    async () => {
      if (++tries < 3) throw new Error("not yet");
      return "there";
    },
    { clock },
  );
  await clock.advance(1_000);
  await expect(result).resolves.toBe("there");
  expect(tries).toBe(3);
});

test("wants as many successes in a row as asked for", async () => {
  const clock = new SteppedClock();
  let tries = 0;
  const result = eventually(
    () => {
      if (++tries % 3 === 0) throw new Error("every third fails");
    },
    { clock, inARow: 3, timeoutMs: 2_000, what: "three good answers" },
  );
  result.catch(() => undefined);
  await clock.advance(3_000);
  await expect(result).rejects.toThrow(
    /^three good answers: not satisfied after 2\.2s and \d+ tries \(best streak 2 of 3\); last: every third fails$/,
  );
});

test("lets successes that are under way when the time is up become enough", async () => {
  const clock = new SteppedClock();
  let tries = 0;
  const result = eventually(
    async () => {
      await clock.sleep(1_000);
      if (++tries === 1) throw new Error("not yet");
      return tries;
    },
    { clock, inARow: 5, timeoutMs: 3_000 },
  );
  await clock.advance(10_000);
  await expect(result).resolves.toBe(6);
});

test("a check that answers a boolean is refused by its type and at run time", async () => {
  // @ts-expect-error: the answer would be taken for success.
  const result = eventually(() => false, { clock: new SteppedClock() });
  await expect(result).rejects.toThrow("the check must throw, it answered a boolean");
});
