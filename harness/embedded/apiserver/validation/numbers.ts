import type { FieldErrors } from "../errors/field-errors.ts";

/** Refuses numbers below zero. */
export function checkNotNegative(
  field: string,
  value: number | undefined,
  errors: FieldErrors,
): void {
  if (value !== undefined && value < 0) {
    errors.invalid(field, value, "must be greater than or equal to 0");
  }
}

/** Refuses what is no port. */
export function checkPort(field: string, value: number, errors: FieldErrors): void {
  if (value < 1 || value > 65_535) {
    errors.invalid(field, value, "must be between 1 and 65535, inclusive");
  }
}

/** Refuses a port name that is no IANA service name, and a number that is no port. */
export function checkPortOrName(
  field: string,
  value: string | number | undefined,
  errors: FieldErrors,
): void {
  if (typeof value === "number") return checkPort(field, value, errors);
  if (value === undefined) return errors.required(field);
  for (const problem of portNameProblems(value)) errors.invalid(field, value, problem);
}

/** What is wrong with a port's name. */
export function portNameProblems(name: string): string[] {
  const problems: string[] = [];
  if (name.length > 15) problems.push("must be no more than 15 bytes");
  if (!/^[-a-z0-9]+$/.test(name)) {
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(name)) problems.push("must contain at least one letter (a-z)");
  if (name.includes("--")) problems.push("must not contain consecutive hyphens");
  if (/^-|-$/.test(name)) problems.push("must not begin or end with a hyphen");
  return problems;
}

/** Refuses what is not among the values. */
export function checkOneOf(
  field: string,
  value: string | undefined,
  supported: readonly string[],
  errors: FieldErrors,
): void {
  if (value === undefined || value === "") errors.required(field);
  else if (!supported.includes(value)) errors.notSupported(field, value, supported);
}
