import { LabError } from "../errors/lab-error.ts";
import { type Clock, systemClock } from "../time/clock.ts";

export interface EventuallyOptions {
  /** What is awaited, for the message. @default "the check" */
  readonly what?: string;
  /** @default 30_000 */
  readonly timeoutMs?: number;
  /** Between two tries. @default 200 */
  readonly everyMs?: number;
  /** How many successes in a row are needed. @default 1 */
  readonly inARow?: number;
  readonly signal?: AbortSignal;
  /** @default systemClock */
  readonly clock?: Clock;
}

/** A check throws until it is satisfied; one that answers true or false would always count as satisfied. */
export type Check<T> = () => [T] extends [boolean] ? never : T | Promise<T>;

/** Repeats the check until it no longer throws; then gives what it returned. */
export async function eventually<T>(check: Check<T>, options: EventuallyOptions = {}): Promise<T> {
  const { clock = systemClock, timeoutMs = 30_000, everyMs = 200, inARow = 1, signal } = options;
  const startedAt = clock.now();
  const seen = { tries: 0, best: 0, last: undefined as unknown };
  for (let streak = 0; ;) {
    signal?.throwIfAborted();
    seen.tries++;
    try {
      const value = await (check() as T | Promise<T>);
      if (typeof value === "boolean")
        throw new LabError(
          "LAB_INVALID",
          "eventually: the check must throw, it answered a boolean",
        );
      seen.best = Math.max(seen.best, ++streak);
      if (streak >= inARow) return value;
    } catch (error) {
      if (error instanceof LabError && error.code === "LAB_INVALID") throw error;
      streak = 0;
      seen.last = error;
    }
    const waitedMs = clock.now() - startedAt;
    // Successes that are under way may still become enough, however slow they come.
    if (streak === 0 && waitedMs >= timeoutMs)
      throw notSatisfied(options.what ?? "the check", waitedMs, inARow, seen);
    await clock.sleep(everyMs, signal);
  }
}

function notSatisfied(
  what: string,
  waitedMs: number,
  inARow: number,
  seen: { readonly tries: number; readonly best: number; readonly last: unknown },
): LabError {
  const last = seen.last instanceof Error ? seen.last.message : String(seen.last);
  const streak = inARow > 1 ? ` (best streak ${seen.best} of ${inARow})` : "";
  return new LabError(
    "LAB_WAIT_TIMEOUT",
    `${what}: not satisfied after ${(waitedMs / 1000).toFixed(1)}s and ${seen.tries} tries${streak}; last: ${last}`,
    { cause: seen.last, facts: { waitedMs, tries: seen.tries, bestStreak: seen.best } },
  );
}
