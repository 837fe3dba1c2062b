import type { AcceptedDifference } from "./accepted-differences.ts";
import { livesOf } from "./lives.ts";
import type { Trace } from "./trace.ts";

/** One thing that a recording and a replay show differently. */
export interface Difference {
  /** Role and facet, for example `deployments web | condition Progressing`. */
  readonly where: string;
  /** Lives that only the recording has. */
  readonly recorded: readonly string[];
  /** Lives that only the replay has. */
  readonly replayed: readonly string[];
}

/** Everything in which the two traces differ, in a stable order. */
export function compareTraces(recorded: Trace, replayed: Trace): Difference[] {
  const [left, right] = [livesOf(recorded), livesOf(replayed)];
  const keys = [...new Set([...left.keys(), ...right.keys()])].toSorted();
  return keys.flatMap((where) => {
    const one = left.get(where) ?? new Set<string>();
    const other = right.get(where) ?? new Set<string>();
    const only = {
      where,
      recorded: [...one].filter((life) => !other.has(life)),
      replayed: [...other].filter((life) => !one.has(life)),
    };
    return only.recorded.length + only.replayed.length > 0 ? [only] : [];
  });
}

/** The differences that nothing in the list accounts for. */
export function unexplained(
  differences: readonly Difference[],
  accepted: readonly AcceptedDifference[],
): Difference[] {
  return differences.filter((difference) => !accepted.some(({ covers }) => covers(difference)));
}

/** A difference as lines of text. */
export function describeDifference({ where, recorded, replayed }: Difference): string {
  return [
    where,
    ...recorded.map((life) => `  recorded: ${life}`),
    ...replayed.map((life) => `  replayed: ${life}`),
  ].join("\n");
}
