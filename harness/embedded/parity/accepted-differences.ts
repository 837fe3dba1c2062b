import type { Difference } from "./compare.ts";

/** A difference from Kubernetes that is known, with its reason. */
export interface AcceptedDifference {
  readonly title: string;
  /** For a reader who wonders why a lab looks different on a real cluster. */
  readonly reason: string;
  readonly covers: (difference: Difference) => boolean;
}

/** All accepted differences; `differences.md` is written from this list. */
export const acceptedDifferences: readonly AcceptedDifference[] = [];
