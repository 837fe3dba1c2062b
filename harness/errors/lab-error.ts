import { catalogue, type ErrorCode } from "./catalogue.ts";

/** Facts about a failure, kept as fields so that a report can show them. */
export interface LabErrorOptions {
  /** What the reader can do about it; the catalogue's advice where absent. */
  readonly advice?: string;
  readonly cause?: unknown;
  /** Named facts: object, expected, received, waitedMs, ... */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** The one error class of the harness: a stable code, a message for people, and what to do next. */
export class LabError extends Error {
  readonly code: ErrorCode;
  readonly advice: string;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: LabErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "LabError";
    this.code = code;
    this.advice = options.advice ?? catalogue[code].advice;
    this.facts = options.facts ?? {};
  }

  /** The exit code of a command that ends with this error. */
  get exitCode(): number {
    return catalogue[this.code].exitCode;
  }
}
