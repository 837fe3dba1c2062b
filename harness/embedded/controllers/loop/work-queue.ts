import type { Clock } from "../../../time/clock.ts";

const firstRetryMs = 5;
const longestRetryMs = 1_000_000;

/**
 * Keys waiting to be reconciled. A key is in the queue at most once and is handed to one worker at a time; a key added
 * while it is worked on comes back afterwards.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { dueMs: number; cancel: () => void }>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(key: string): void {
    if (this.#stopped) return;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#waiting.add(key);
    this.#hand();
  }

  /** Adds the key after `delayMs`; of several delays the shortest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    if (delayMs <= 0) return this.add(key);
    const dueMs = this.#clock.now() + delayMs;
    const pending = this.#timers.get(key);
    if (pending && pending.dueMs <= dueMs) return;
    pending?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { dueMs, cancel });
  }

  /** Adds the key after 5 ms, 10 ms, 20 ms ... for each failure in a row. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const delayMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures, 30));
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** The key succeeded: its next failure is the first again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key to work on; undefined once the queue has stopped. */
  take(): Promise<string | undefined> {
    if (this.#stopped) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#hand();
    });
  }

  /** The worker that took `key` has finished with it. */
  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  stop(): void {
    this.#stopped = true;
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
    for (const give of this.#takers.splice(0)) give(undefined);
  }

  #hand(): void {
    for (const key of this.#waiting) {
      const give = this.#takers.shift();
      if (!give) return;
      this.#waiting.delete(key);
      this.#working.add(key);
      give(key);
    }
  }
}
