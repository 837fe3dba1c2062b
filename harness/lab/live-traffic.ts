import type { LiveTraffic, Share } from "../report/events.ts";
import type { Clock } from "../time/clock.ts";
import type { Observation } from "../traffic/observation.ts";
import type { TargetOf } from "../verdicts/attribution.ts";
import { robbinsInterval } from "../verdicts/confidence.ts";

export interface LiveTrafficOptions {
  readonly checkId: string;
  readonly title: string;
  readonly targetOf: TargetOf;
  /** The shares that are wanted, where the check wants shares: their intervals are drawn. */
  readonly wanted?: Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly tell: (traffic: LiveTraffic) => void;
}

/** The interval's error rate while traffic runs; the verdict states its own. */
const intervalError = 1e-6;
const tellEveryMs = 100;

/** Counts answers by who gave them and tells of it ten times a second. */
export class LiveCounter {
  readonly #options: LiveTrafficOptions;
  readonly #counts = new Map<string, number>();
  readonly #startedAt: number;
  #toldAt = Number.NEGATIVE_INFINITY;
  #requests = 0;
  #errors = 0;

  constructor(options: LiveTrafficOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    for (const name of Object.keys(options.wanted ?? {})) this.#counts.set(name, 0);
  }

  add(observation: Observation): void {
    this.#requests++;
    if (observation.error) this.#errors++;
    else {
      const name = this.#options.targetOf(observation) ?? `status ${observation.status ?? "none"}`;
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
    const now = this.#options.clock.now();
    if (now - this.#toldAt >= tellEveryMs) this.tell(now);
  }

  /** Tells how it stands now. */
  tell(now: number = this.#options.clock.now()): void {
    this.#toldAt = now;
    const { checkId, title } = this.#options;
    this.#options.tell({
      checkId,
      title,
      requests: this.#requests,
      elapsedMs: now - this.#startedAt,
      shares: [...this.#counts].map(([name, count]) => this.#share(name, count)),
      errors: this.#errors,
    });
  }

  #share(name: string, count: number): Share {
    const share = this.#requests === 0 ? 0 : count / this.#requests;
    const expected = this.#options.wanted?.[name];
    if (expected === undefined) return { name, count, share };
    const misses = this.#requests - count;
    const { low, high } = robbinsInterval({ hits: count, misses, expected, error: intervalError });
    return { name, count, share, interval: [low, high] };
  }
}
