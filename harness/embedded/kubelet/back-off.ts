import type { Clock } from "../../time/clock.ts";

interface Entry {
  backOffMs: number;
  lastUpdateMs: number;
}

/** Kubernetes' doubling back-off by key: 10, 20, 40 … 300 s, from the start again after twice the longest of quiet. */
export class BackOff {
  readonly #clock: Clock;
  readonly #firstMs: number;
  readonly #longestMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, firstMs = 10_000, longestMs = 300_000) {
    this.#clock = clock;
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
  }

  /** How long is left to wait, for a failure at `sinceMs`; 0 where it may be tried now. */
  remainingMs(key: string, sinceMs: number): number {
    const entry = this.#entries.get(key);
    if (!entry || this.#expired(entry, sinceMs)) return 0;
    return Math.max(0, sinceMs + entry.backOffMs - this.#clock.now());
  }

  /** How long is left to wait since the last failure itself. */
  remainingSinceUpdateMs(key: string): number {
    const entry = this.#entries.get(key);
    const now = this.#clock.now();
    if (!entry || this.#expired(entry, now)) return 0;
    return Math.max(0, entry.lastUpdateMs + entry.backOffMs - now);
  }

  /** Notes a failure at `atMs`: the next wait is twice as long. */
  next(key: string, atMs: number): void {
    const entry = this.#entries.get(key);
    const backOffMs =
      !entry || this.#expired(entry, atMs)
        ? this.#firstMs
        : Math.min(entry.backOffMs * 2, this.#longestMs);
    this.#entries.set(key, { backOffMs, lastUpdateMs: this.#clock.now() });
  }

  currentMs(key: string): number {
    return this.#entries.get(key)?.backOffMs ?? 0;
  }

  /** Forgets every key that begins so. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #expired(entry: Entry, atMs: number): boolean {
    return atMs - entry.lastUpdateMs > this.#longestMs * 2;
  }
}

/** A duration as Go prints it: 10s, 1m20s, 5m0s. */
export function toGoDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours}h${minutes % 60}m${seconds % 60}s`;
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
