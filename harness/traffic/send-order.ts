import type { Observation } from "./observation.ts";

/** Passes observations on in the order their requests were sent. */
export interface SendOrder {
  add(observation: Observation): void;
  /** Passes on what still waits for a request that will not be answered any more. */
  flush(): void;
}

/**
 * Answers come back in an order that depends on who answers: a quick version is seen before a slow one, and
 * answers of one process in clumps. The order of sending depends on nothing, and so do the draws in it.
 */
export function createSendOrder(next: (observation: Observation) => void): SendOrder {
  const waiting = new Map<number, Observation>();
  let due = 0;
  return {
    add(observation) {
      waiting.set(observation.sequence, observation);
      for (let first = waiting.get(due); first; first = waiting.get(due)) {
        waiting.delete(due++);
        next(first);
      }
    },
    flush() {
      const late = [...waiting.values()].toSorted((a, b) => a.sequence - b.sequence);
      waiting.clear();
      for (const observation of late) next(observation);
    },
  };
}
