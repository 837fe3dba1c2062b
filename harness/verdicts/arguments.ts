import { LabError } from "../errors/lab-error.ts";

/** Throws unless an argument is as it must be: its name, what was expected, what was received. */
export function argumentMust(
  hold: boolean,
  name: string,
  expected: string,
  received: unknown,
): asserts hold {
  if (hold) return;
  throw new LabError("LAB_INVALID", `${name}: expected ${expected}, received ${String(received)}`, {
    facts: { argument: name, expected, received },
  });
}

/** The errors that a test may make: more than never, less than a coin makes. */
export function errorsMustBeSmall(errors: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(errors))
    argumentMust(value > 0 && value < 0.5, name, "a probability below 0.5", value);
}

/** Requests after which it is given up; Infinity for never. */
export function capMustBePositive(cap: number): void {
  argumentMust(cap >= 1, "cap", "1 request or more", cap);
}

/** A number of things that is counted: 0 or more of them. */
export function countMustBeWhole(name: string, value: number, least = 0): void {
  argumentMust(
    Number.isInteger(value) && value >= least,
    name,
    `a whole number of ${least} or more`,
    value,
  );
}
