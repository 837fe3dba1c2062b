import type { Observation } from "../traffic/observation.ts";

/** Names what an answer counts for; undefined where it does not say. */
export type TargetOf = (observation: Observation) => string | undefined;

/** Which part of an answer tells its target. */
export interface AttributionOptions {
  /** @default "version" */
  readonly by?: "version" | "app" | "pod" | TargetOf;
  /** Who answered, or whom that one asked in turn. @default "responder" */
  readonly of?: "responder" | "upstream";
}

/** The function that names an answer's target. */
export function attributeBy(options: AttributionOptions = {}): TargetOf {
  const { by = "version", of = "responder" } = options;
  return typeof by === "function" ? by : (observation) => observation[of]?.[by];
}

/** How often each name was seen, the most frequent first. */
export type Tally = Readonly<Record<string, number>>;

/** Counts names as they come. */
export class Counter {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  get names(): readonly string[] {
    return [...this.#counts.keys()];
  }

  get total(): number {
    return this.#counts.values().reduce((sum, count) => sum + count, 0);
  }

  toTally(): Tally {
    return Object.fromEntries([...this.#counts].toSorted((a, b) => b[1] - a[1]));
  }

  /** `v1 × 12, v2 × 3` */
  get words(): string {
    return listTally(this.toTally());
  }
}

/** `v1 × 12, v2 × 3` */
export function listTally(tally: Tally): string {
  return Object.entries(tally)
    .map(([name, count]) => `${name} × ${count.toLocaleString("en-US")}`)
    .join(", ");
}

/** What went wrong with a request, in a few words; undefined where nothing did. */
export function errorOf(observation: Observation): string | undefined {
  if (!observation.error) return undefined;
  const status = observation.error === "5xx" ? `${observation.status ?? "5xx"}` : observation.error;
  return observation.origin ? `${status} from ${observation.origin}` : status;
}
