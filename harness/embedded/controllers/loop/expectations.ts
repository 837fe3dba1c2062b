import type { Clock } from "../../../time/clock.ts";

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly sinceMs: number;
}

const givenUpAfterMs = 300_000;

/**
 * What a controller has created and deleted but not yet seen in its cache. Until it has, the cache says too few or too
 * many and acting on it would create or delete twice.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  expectCreations(key: string, count: number): void {
    this.#expected.set(key, { creations: count, deletions: new Set(), sinceMs: this.#clock.now() });
  }

  expectDeletions(key: string, uids: readonly string[]): void {
    this.#expected.set(key, {
      creations: 0,
      deletions: new Set(uids),
      sinceMs: this.#clock.now(),
    });
  }

  created(key: string, count = 1): void {
    const expected = this.#expected.get(key);
    if (expected) expected.creations -= count;
  }

  deleted(key: string, uid: string): void {
    this.#expected.get(key)?.deletions.delete(uid);
  }

  /** Whether the cache has caught up with what was done for `key`. */
  isSatisfied(key: string): boolean {
    const expected = this.#expected.get(key);
    if (!expected) return true;
    if (expected.creations <= 0 && expected.deletions.size === 0) return true;
    return this.#clock.now() - expected.sinceMs > givenUpAfterMs;
  }

  forget(key: string): void {
    this.#expected.delete(key);
  }
}
