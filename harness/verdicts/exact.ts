import type { Observation } from "../traffic/observation.ts";
import { attributeBy, errorOf, type AttributionOptions } from "./attribution.ts";
import { judgeAll, type Judge } from "./judge.ts";
import type { Verdict } from "./verdict.ts";
import { percent } from "./wording.ts";
import {
  createZeroWrong,
  type ZeroWrongCounts,
  type ZeroWrongEvidence,
  type ZeroWrongOptions,
} from "./zero-wrong.ts";

/** How "every single request is right" is judged. */
export interface ExactOptions extends ZeroWrongOptions, AttributionOptions {
  /** The target that must answer, or a condition on the whole answer. */
  readonly expected: string | ExactExpectation;
}

/** A condition on an answer that no target's name expresses: a status, a body. */
export interface ExactExpectation {
  readonly description: string;
  readonly holds: (observation: Observation) => boolean;
}

/** Judges a complete stream. */
export function judgeExact(
  observations: Iterable<Observation>,
  options: ExactOptions,
): Verdict<ZeroWrongEvidence> {
  return judgeAll(createExact(options), observations);
}

/** Every answer as expected: 0 wrong of n, and the bound that follows. */
export function createExact(options: ExactOptions): Judge<Verdict<ZeroWrongEvidence>> {
  const targetOf = attributeBy(options);
  const { description, holds } = toExpectation(options);
  return createZeroWrong(
    {
      kind: "exact",
      wanted: description,
      unit: "request",
      check(observation) {
        if (holds(observation)) return undefined;
        const error = errorOf(observation);
        if (error) return { what: error, error: true };
        return { what: targetOf(observation) ?? `status ${observation.status ?? "none"}` };
      },
      cause: causeOf,
    },
    options,
  );
}

/** Errors of answers that arrived whole: a condition may want exactly those, a 504 for one. */
const ARRIVED = new Set(["5xx", "wrong-status", "wrong-version"]);

function toExpectation(options: ExactOptions): ExactExpectation {
  const { expected } = options;
  if (typeof expected !== "string") {
    const { description, holds } = expected;
    return {
      description,
      holds: (observation) =>
        (!observation.error || ARRIVED.has(observation.error)) && holds(observation),
    };
  }
  const targetOf = attributeBy(options);
  return {
    description: `${expected} to answer`,
    holds: (observation) => !observation.error && targetOf(observation) === expected,
  };
}

function causeOf({ right, wrong, errors, instead }: ZeroWrongCounts): string {
  const share = percent(wrong / (right + wrong), 2);
  if (errors === wrong && right === 0) return `every request failed: ${instead}`;
  if (errors === wrong) return `errors: ${share} of the requests failed: ${instead}`;
  if (right === 0) return `the rule is not in force: not one right answer, instead ${instead}`;
  if (errors > 0) return `wrong answers and errors in ${share}: ${instead}`;
  return wrong / (right + wrong) < 0.1
    ? `a leak of ${share}: ${instead}`
    : `the rule does not hold for ${share} of the requests: ${instead}`;
}
