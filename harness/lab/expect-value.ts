import { inspect, isDeepStrictEqual } from "node:util";
import { LabError } from "../errors/lab-error.ts";

/** Assertions on a plain value. */
export interface ValueExpectation {
  /** The same value. */
  toBe(wanted: unknown): void;
  /** The same structure. */
  toEqual(wanted: unknown): void;
  /** Holds the text, or the element. */
  toContain(wanted: unknown): void;
  /** Text that matches the pattern. */
  toMatch(wanted: RegExp): void;
  /** An object or list that has at least these fields. */
  toMatchObject(wanted: object): void;
  toHaveLength(wanted: number): void;
  toBeGreaterThan(wanted: number): void;
  toBeAtLeast(wanted: number): void;
  toBeLessThan(wanted: number): void;
  toBeAtMost(wanted: number): void;
  /** Between two numbers, both included. */
  toBeBetween(low: number, high: number): void;
  /** There: neither undefined nor null. */
  toExist(): void;
  readonly not: Omit<ValueExpectation, "not">;
}

type Test = (value: unknown, ...wanted: never[]) => boolean;

const tests = {
  toBe: (value, wanted: unknown) => Object.is(value, wanted),
  toEqual: (value, wanted: unknown) => isDeepStrictEqual(value, wanted),
  toContain: contains,
  toMatch: (value, wanted: RegExp) => typeof value === "string" && wanted.test(value),
  toMatchObject: hasFields,
  toHaveLength: (value, wanted: number) =>
    (value as { length?: unknown } | null)?.length === wanted,
  toBeGreaterThan: (value, wanted: number) => typeof value === "number" && value > wanted,
  toBeAtLeast: (value, wanted: number) => typeof value === "number" && value >= wanted,
  toBeLessThan: (value, wanted: number) => typeof value === "number" && value < wanted,
  toBeAtMost: (value, wanted: number) => typeof value === "number" && value <= wanted,
  toBeBetween: (value, low: number, high: number) =>
    typeof value === "number" && value >= low && value <= high,
  toExist: (value) => value !== undefined && value !== null,
} satisfies Record<string, Test>;

/** Told of a failed assertion: throws it, or notes it where all checks are to be surveyed. */
export type OnFailure = (error: LabError) => void;

/** Starts an assertion on a value; `what` names it in the message. */
export function expectValue(
  value: unknown,
  what: string | undefined,
  fail: OnFailure,
): ValueExpectation {
  return { ...build(value, what, fail, false), not: build(value, what, fail, true) };
}

function build(value: unknown, what: string | undefined, fail: OnFailure, inverted: boolean) {
  const assertions = Object.entries(tests).map(([name, test]) => [
    name,
    (...wanted: unknown[]) => {
      if ((test as (...all: unknown[]) => boolean)(value, ...wanted) !== inverted) return;
      fail(failure(what, `${inverted ? "not " : ""}${words(name)}`, wanted, value));
    },
  ]);
  return Object.fromEntries(assertions) as Omit<ValueExpectation, "not">;
}

function failure(what: string | undefined, relation: string, wanted: unknown[], value: unknown) {
  const expected = [relation, wanted.map(show).join(" and ")].filter(Boolean).join(" ");
  return new LabError(
    "LAB_EXPECTATION_FAILED",
    `${what ?? "the value"}: expected it ${expected}, received ${show(value)}`,
    { facts: { expected, received: value } },
  );
}

/** `toBeGreaterThan` → `to be greater than` */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function show(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: 120, maxStringLength: 400, maxArrayLength: 20 });
}

function contains(value: unknown, wanted: unknown): boolean {
  if (typeof value === "string") return typeof wanted === "string" && value.includes(wanted);
  return Array.isArray(value) && value.some((element) => isDeepStrictEqual(element, wanted));
}

function hasFields(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return isDeepStrictEqual(value, wanted);
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(wanted) && (!Array.isArray(value) || value.length !== wanted.length))
    return false;
  return Object.entries(wanted).every(([key, part]) =>
    hasFields((value as Record<string, unknown>)[key], part),
  );
}
