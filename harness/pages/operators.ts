import { Unknown } from "./scope.ts";

/** A field of a value; of an unknown one it is unknown too. */
export function read(value: unknown, key: string | number): unknown {
  if (value instanceof Unknown)
    return new Unknown(typeof key === "number" ? value.source : `${value.source}.${key}`);
  return (value as Record<string | number, unknown> | null | undefined)?.[key];
}

/** Whether a value, or an element of it, is not known. */
export function hasUnknown(value: unknown): boolean {
  return value instanceof Unknown || (Array.isArray(value) && value.some(hasUnknown));
}

/** What an operator of the file gives; unknown where one side is. */
export function compute(operator: string, left: unknown, right: unknown, source: string): unknown {
  if (left instanceof Unknown || right instanceof Unknown) return new Unknown(source);
  const [a, b] = [left as number, right as number];
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "===":
      return left === right;
    case "!==":
      return left !== right;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "&&":
      return left && right;
    case "||":
      return left || right;
    case "??":
      return left ?? right;
    default:
      return new Unknown(source);
  }
}
