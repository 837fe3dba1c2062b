import type { Clock } from "../time/clock.ts";
import { RecentMap } from "./recent-map.ts";

/** What two events must share to be the same, similar, or of one source. */
export interface EventFacts {
  /** Who reports: component and host. */
  readonly source: string;
  /** The object reported on, with its uid and field path. */
  readonly object: string;
  readonly fieldPath: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** What is to be written: a new event where `count` is 1, else the one called `name` again. */
export interface Correlated {
  readonly key: string;
  readonly name: string;
  readonly message: string;
  readonly count: number;
  readonly firstMs: number;
  /** Stands for events that differ in their messages. */
  readonly combined: boolean;
}

interface Observation {
  readonly name: string;
  readonly count: number;
  readonly firstMs: number;
}

const cacheEntries = 4096;
const similarEvents = 10;
const similarWithinMs = 600_000;
const spamBurst = 25;
const spamRefillMs = 300_000;

/**
 * Kubernetes' event correlator: an event seen before counts up; the tenth of a kind that differs only in its message
 * within ten minutes starts a "combined from similar events"; a source may report 25 times on one object in each type
 * (Normal, Warning) and from then on once in five minutes.
 */
export class EventCorrelator {
  readonly #clock: Clock;
  readonly #similar = new RecentMap<string, { messages: Set<string>; lastMs: number }>(
    cacheEntries,
  );
  readonly #observed = new RecentMap<string, Observation>(cacheEntries);
  readonly #tokens = new RecentMap<string, { left: number; atMs: number }>(cacheEntries);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined where the event is dropped as spam; it has been counted all the same. */
  correlate(facts: EventFacts, newName: string): Correlated | undefined {
    const { key, message, combined } = this.#aggregate(facts);
    const before = this.#observed.get(key);
    const observation: Observation = before
      ? { ...before, count: before.count + 1 }
      : { name: newName, count: 1, firstMs: this.#clock.now() };
    this.#observed.set(key, observation);
    if (!this.#takeToken(facts)) return undefined;
    return { key, message, combined, ...observation };
  }

  /** The event is no longer stored: its next occurrence starts a new one. */
  forget(key: string): void {
    this.#observed.delete(key);
  }

  #aggregate(facts: EventFacts): Pick<Correlated, "key" | "message" | "combined"> {
    const now = this.#clock.now();
    const similarKey = [facts.source, facts.object, facts.type, facts.reason].join("\0");
    const known = this.#similar.get(similarKey);
    const record =
      known && now - known.lastMs <= similarWithinMs
        ? known
        : { messages: new Set<string>(), lastMs: now };
    record.messages.add(facts.message);
    record.lastMs = now;
    this.#similar.set(similarKey, record);
    if (record.messages.size < similarEvents)
      return {
        key: [similarKey, facts.fieldPath, facts.message].join("\0"),
        message: facts.message,
        combined: false,
      };
    for (const any of record.messages) {
      record.messages.delete(any);
      break;
    }
    const message = `(combined from similar events): ${facts.message}`;
    return { key: similarKey, message, combined: true };
  }

  #takeToken(facts: EventFacts): boolean {
    const now = this.#clock.now();
    const key = [facts.source, facts.object, facts.type].join("\0");
    const bucket = this.#tokens.get(key) ?? { left: spamBurst, atMs: now };
    const left = Math.min(spamBurst, bucket.left + (now - bucket.atMs) / spamRefillMs);
    this.#tokens.set(key, { left: left >= 1 ? left - 1 : left, atMs: now });
    return left >= 1;
  }
}
