import { countMustBeWhole } from "./arguments.ts";
import type { Verdict } from "./verdict.ts";

/** A fact that settles a FAIL by itself; a few more requests are taken so that its cause can be told. */
export interface SettledFact {
  readonly happened: boolean;
  /** Whether enough was collected after it. */
  readonly ripe: boolean;
  mark(): void;
  next(): void;
}

/** Starts watching for a fact; it is ripe after `requests` more observations. */
export function createSettledFact(requests: number): SettledFact {
  countMustBeWhole("afterFact", requests);
  let left: number | undefined;
  return {
    get happened() {
      return left !== undefined;
    },
    get ripe() {
      return left !== undefined && left <= 0;
    },
    mark() {
      left ??= requests;
    },
    next() {
      if (left !== undefined) left--;
    },
  };
}

/** Puts a verdict together, leaving out a cause that is not known. */
export function toVerdict<E>(verdict: Omit<Verdict<E>, "cause">, cause?: string): Verdict<E> {
  return cause === undefined ? verdict : { ...verdict, cause };
}
