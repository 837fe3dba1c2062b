import type { Clock } from "../../../time/clock.ts";

interface Entry {
  value: string;
  /** Milliseconds since the epoch. */
  expiresAtMs: number | undefined;
}

/** Keys, their string values and when they expire; an expired key is gone when next looked at. */
export class Store {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): string | undefined {
    return this.#alive(key)?.value;
  }

  /** Sets the value and, unless told to keep it, the time of its expiry. */
  set(key: string, value: string, expiry: { readonly inMs?: number; readonly keep?: boolean }) {
    const kept = expiry.keep ? this.#alive(key)?.expiresAtMs : undefined;
    const expiresAtMs = expiry.inMs === undefined ? kept : this.#clock.now() + expiry.inMs;
    this.#entries.set(key, { value, expiresAtMs });
  }

  delete(key: string): boolean {
    return this.#alive(key) !== undefined && this.#entries.delete(key);
  }

  /** False where the key is not there; a time that is not ahead deletes it. */
  expire(key: string, inMs: number): boolean {
    const entry = this.#alive(key);
    if (!entry) return false;
    entry.expiresAtMs = this.#clock.now() + inMs;
    return true;
  }

  /** Takes the expiry off; false where there was none. */
  persist(key: string): boolean {
    const entry = this.#alive(key);
    if (entry?.expiresAtMs === undefined) return false;
    entry.expiresAtMs = undefined;
    return true;
  }

  /** As redis answers PTTL: -2 for no key, -1 for no expiry. */
  leftMs(key: string): number {
    const entry = this.#alive(key);
    if (!entry) return -2;
    return entry.expiresAtMs === undefined ? -1 : entry.expiresAtMs - this.#clock.now();
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()].filter((key) => this.#alive(key));
  }

  clear(): void {
    this.#entries.clear();
  }

  #alive(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry?.expiresAtMs === undefined || entry.expiresAtMs > this.#clock.now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}
