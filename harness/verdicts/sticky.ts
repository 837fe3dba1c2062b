import type { Observation } from "../traffic/observation.ts";
import { attributeBy, errorOf, type AttributionOptions } from "./attribution.ts";
import { judgeAll, type Judge } from "./judge.ts";
import type { Verdict } from "./verdict.ts";
import { percent } from "./wording.ts";
import { createZeroWrong, type ZeroWrongEvidence, type ZeroWrongOptions } from "./zero-wrong.ts";

/** How "always the same one answers" is judged. */
export interface StickyOptions extends ZeroWrongOptions, AttributionOptions {
  /** How responders are told apart. @default "pod" */
  readonly by?: AttributionOptions["by"];
}

/** Judges a complete stream. */
export function judgeSticky(
  observations: Iterable<Observation>,
  options: StickyOptions = {},
): Verdict<ZeroWrongEvidence> {
  return judgeAll(createSticky(options), observations);
}

/**
 * Pairs of an answer and the one before it: 0 of n pairs may differ. The default bound of 5 % is
 * far below what drawing afresh makes of it: every second pair with two pods.
 */
export function createSticky(options: StickyOptions = {}): Judge<Verdict<ZeroWrongEvidence>> {
  const { bound = 0.05 } = options;
  const targetOf = attributeBy({ ...options, by: options.by ?? "pod" });
  let last: string | undefined;
  return createZeroWrong(
    {
      kind: "sticky",
      wanted: "the same answerer always",
      unit: "pair",
      check(observation) {
        const error = errorOf(observation);
        if (error) return { what: error, error: true };
        const name = targetOf(observation);
        if (name === undefined) return { what: "an answer without a name", error: true };
        const before = last;
        last = name;
        if (before === undefined) return "skip";
        return before === name ? undefined : { what: `${before} then ${name}` };
      },
      cause({ right, wrong, errors, instead }) {
        if (errors > 0) return `errors: ${instead}`;
        const share = wrong / (right + wrong);
        return share > 0.25
          ? `each request is balanced by itself: the answerer changes in ${percent(share, 0)} of the pairs`
          : `the answerer changes now and then: ${instead}`;
      },
    },
    { ...options, bound },
  );
}
