import { AssertionError } from "node:assert";
import { LabError } from "../errors/lab-error.ts";
import { redactText } from "../kube/redact.ts";
import type { ErrorRecord } from "../report/record.ts";

/** What reports carry of an error; credentials in its words are hidden. */
export function toErrorRecord(error: unknown): ErrorRecord {
  if (error instanceof LabError)
    return {
      code: error.code,
      message: redactText(error.message),
      advice: error.advice,
      exitCode: error.exitCode,
      facts: error.facts,
    };
  if (error instanceof AssertionError)
    return { code: "LAB_EXPECTATION_FAILED", message: redactText(error.message), exitCode: 1 };
  return { code: "LAB_STEP_FAILED", message: redactText(wordsOf(error)), exitCode: 1 };
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  // The place in the lab's file helps where the failure is a slip in it.
  const place = error.stack?.split("\n").find((line) => line.includes("/lab.ts"));
  return `${error.name}: ${error.message}${cause}${place ? ` (${place.trim()})` : ""}`;
}
