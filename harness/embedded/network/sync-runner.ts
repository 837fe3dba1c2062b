import type { Clock } from "../../time/clock.ts";

/**
 * Runs `sync` at once when something changed, and at most once in `minIntervalMs`: changes in between wait.
 * This is how kube-proxy updates its rules (BoundedFrequencyRunner), whose default minSyncPeriod for
 * iptables is 1 s: after a quiet second a change is in force at once, in a rollout up to a second late.
 */
export class SyncRunner {
  readonly #clock: Clock;
  readonly #minIntervalMs: number;
  readonly #sync: () => void;
  #lastMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, minIntervalMs: number, sync: () => void) {
    this.#clock = clock;
    this.#minIntervalMs = minIntervalMs;
    this.#sync = sync;
  }

  /** Something changed. */
  changed(): void {
    if (this.#cancel) return;
    const dueMs = this.#lastMs + this.#minIntervalMs - this.#clock.now();
    this.#cancel = this.#clock.after(Math.max(0, dueMs), () => {
      this.#cancel = undefined;
      this.#lastMs = this.#clock.now();
      this.#sync();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
