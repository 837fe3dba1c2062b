import { expect, test } from "vitest";
import { expectValue } from "./expect-value.ts";

function throwing(value: unknown, what?: string) {
  return expectValue(value, what, (error) => {
    throw error;
  });
}

test("what holds passes in silence", () => {
  const failures: Error[] = [];
  const assertion = (value: unknown) =>
    expectValue(value, undefined, (error) => void failures.push(error));
  assertion("pong").toBe("pong");
  assertion({ a: [1] }).toEqual({ a: [1] });
  assertion(["x", { y: 1 }]).toContain({ y: 1 });
  assertion("3 restarts").toMatch(/^\d/);
  assertion({ status: { phase: "Running", ip: "1" } }).toMatchObject({
    status: { phase: "Running" },
  });
  assertion(5).toBeBetween(4, 6);
  assertion(undefined).not.toExist();
  expect(failures).toEqual([]);
});

test.each([
  [() => throwing("png").toBe("pong"), "the value: expected it to be 'pong', received 'png'"],
  [
    () => throwing(1, "restarts").toBeAtLeast(2),
    "restarts: expected it to be at least 2, received 1",
  ],
  [() => throwing(9, "n").toBeBetween(1, 2), "n: expected it to be between 1 and 2, received 9"],
  [
    () => throwing("ab").not.toContain("a"),
    "the value: expected it not to contain 'a', received 'ab'",
  ],
  [() => throwing({ a: 1 }).toMatchObject({ b: 1 }), "expected it to match object { b: 1 }"],
  [() => throwing("text").toBeGreaterThan(1), "received 'text'"],
])("what does not hold says what was expected and received", (assert, message) => {
  expect(assert).toThrow(message);
});
