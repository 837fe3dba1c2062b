import { parseDurationMs } from "../routing/duration.ts";
import { compileRegex } from "../routing/string-match.ts";

/** One thing that is wrong with an object. */
export interface FieldProblem {
  /** "spec.http[0].route[1].weight" */
  readonly field: string;
  readonly reason: string;
}

/** Judges a value and reports what is wrong with it. */
export type Schema = (value: unknown, path: string, report: Report) => void;

export type Report = (field: string, reason: string) => void;

export const notSupported = "is valid in Istio but not supported by the embedded cluster";

/** Valid Istio that would change behaviour and is not built. */
export const unbuilt: Schema = (_value, path, report) => report(path, notSupported);

/** Valid Istio that changes nothing that can be seen here. */
export const ignored: Schema = () => {};

function typed(name: string, test: (value: unknown) => boolean): Schema {
  return (value, path, report) => {
    if (!test(value)) report(path, `expected ${name}, received ${JSON.stringify(value)}`);
  };
}

export const text = typed("a string", (value) => typeof value === "string");
export const flag = typed("true or false", (value) => typeof value === "boolean");
export const count = typed(
  "a whole number of at least 0",
  (value) => Number.isInteger(value) && (value as number) >= 0,
);
export const port = typed(
  "a port between 1 and 65535",
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535,
);
export const duration = typed(
  'a duration such as "5s"',
  (value) => typeof value === "string" && parseDurationMs(value) !== undefined,
);
/** Istio takes no duration below a millisecond where time passes. */
export const positiveDuration = typed(
  "a duration of at least 1ms",
  (value) => typeof value === "string" && (parseDurationMs(value) ?? 0) >= 1,
);
export const percentValue = typed(
  "a percentage between 0 and 100",
  (value) => typeof value === "number" && value >= 0 && value <= 100,
);
export const httpStatus = typed(
  "an HTTP status between 200 and 599",
  (value) => Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599,
);
/** A regular expression that means the same in RE2 and here. */
export const regex: Schema = (value, path, report) => {
  if (typeof value !== "string") return report(path, "expected a string");
  if (value === "*") return;
  // RE2 has neither look-around nor back-references.
  if (/\(\?<?[=!]|\\[1-9]/.test(value)) return report(path, "RE2 has no such expression");
  try {
    compileRegex(value);
  } catch (error) {
    report(path, (error as Error).message);
  }
};

/** One of these words. */
export function oneOf(...words: readonly string[]): Schema {
  return typed(`one of ${words.join(", ")}`, (value) => words.includes(value as string));
}

/** As `oneOf`, with words that are valid Istio and not built. */
export function builtOf(built: readonly string[], others: readonly string[]): Schema {
  return (value, path, report) => {
    if (others.includes(value as string)) return report(path, `${String(value)} ${notSupported}`);
    oneOf(...built)(value, path, report);
  };
}

export function listOf(item: Schema): Schema {
  return (value, path, report) => {
    if (!Array.isArray(value)) return report(path, "expected a list");
    for (const [index, one] of value.entries()) item(one, `${path}[${index}]`, report);
  };
}

export function mapOf(item: Schema): Schema {
  return (value, path, report) => {
    if (!isRecord(value)) return report(path, "expected an object");
    for (const [name, one] of Object.entries(value)) item(one, `${path}.${name}`, report);
  };
}

/** An object with these fields and no others; `required` ones must be there. */
export function shape(
  fields: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema {
  return (value, path, report) => {
    if (!isRecord(value)) return report(path, "expected an object");
    for (const name of required) {
      if (value[name] === undefined) report(`${path}.${name}`, "is required");
    }
    for (const [name, one] of Object.entries(value)) {
      const schema = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (one === null || one === undefined) continue;
      if (schema) schema(one, `${path}.${name}`, report);
      else report(`${path}.${name}`, "Istio has no such field");
    }
  };
}

/** Several judgements of the same value. */
export function all(...schemas: readonly Schema[]): Schema {
  return (value, path, report) => {
    for (const schema of schemas) schema(value, path, report);
  };
}

/** A rule over a whole object that its fields' own schemas cannot express. */
export function rule(judge: (value: never, path: string, report: Report) => void): Schema {
  return (value, path, report) => {
    if (isRecord(value)) judge(value as never, path, report);
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
