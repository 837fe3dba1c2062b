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
  /** The same one on each connection, or on all of them. @default "connection" */
  readonly scope?: "connection" | "all";
}

/** Judges a complete stream. */
export function judgeSticky(
  observations: Iterable<Observation>,
  options: StickyOptions = {},
): Verdict<ZeroWrongEvidence> {
  return judgeAll(createSticky(options), observations);
}

/**
 * Pairs of an answer and the one before it in the same scope: 0 of n pairs may differ. The default
 * bound of 5 % is far below what drawing afresh makes of it: every second pair with two pods.
 */
export function createSticky(options: StickyOptions = {}): Judge<Verdict<ZeroWrongEvidence>> {
  const { scope = "connection", bound = 0.05 } = options;
  const targetOf = attributeBy({ ...options, by: options.by ?? "pod" });
  const last = new Map<number, string>();
  return createZeroWrong(
    {
      kind: "sticky",
      wanted: scope === "all" ? "the same answerer always" : "the same answerer on each connection",
      unit: "pair",
      check(observation) {
        const error = errorOf(observation);
        if (error) return { what: error, error: true };
        const name = targetOf(observation);
        if (name === undefined) return { what: "an answer without a name", error: true };
        const key = scope === "all" ? 0 : observation.connection;
        const before = last.get(key);
        last.set(key, name);
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
