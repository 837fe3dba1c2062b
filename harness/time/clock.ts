import { setTimeout as delay } from "node:timers/promises";

/** The only source of time in the harness, so that a test can step it. All times in milliseconds. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `callback` once after `delayMs`; returns a function that cancels it. Never keeps the process alive. */
  after(delayMs: number, callback: () => void): () => void;
  /** Resolves after `delayMs`; rejects with the signal's reason when aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  sleep: (delayMs, signal) => delay(delayMs, undefined, signal ? { signal } : {}),
};
