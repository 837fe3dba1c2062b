import type { Pod } from "kubernetes-types/core/v1";
import { type Clock, systemClock } from "../time/clock.ts";
import type { WatchEvent } from "./watch.ts";

/** One change that a watch told of, and when it was told. */
export interface Change<T> extends WatchEvent<T> {
  readonly atMs: number;
}

/** Everything a watch has told since it was started, in order. */
export interface Recording<T> extends AsyncDisposable {
  /** What was there at the start (as ADDED) and every change since. */
  readonly changes: readonly Change<T>[];
  /** How many of them tell what was there at the start. */
  readonly listed: number;
  /** Ends the watch; fails where it could not see everything. */
  stop(): Promise<void>;
}

/** A recording of pods, with what it means for their numbers. */
export interface PodRecording extends Recording<Pod> {
  /** The most pods at any moment; one that is told to stop no longer counts, as for a Deployment. */
  readonly most: number;
  /** The fewest pods at any moment that were ready and not told to stop. */
  readonly fewestReady: number;
}

export interface RecordOptions<T> {
  /** Starts the watch; `onListed` is called when what was there at first has been told. */
  readonly watch: (signal: AbortSignal, onListed: () => void) => AsyncIterable<WatchEvent<T>>;
  /** @default systemClock */
  readonly clock?: Clock;
}

/** Starts a recording; resolves when the watch is in force. */
export async function startRecording<T>(options: RecordOptions<T>): Promise<Recording<T>> {
  const { clock = systemClock } = options;
  const changes: Change<T>[] = [];
  const end = new AbortController();
  const inForce = Promise.withResolvers<void>();
  let listed = 0;
  const onListed = (): void => {
    listed ||= changes.length;
    inForce.resolve();
  };
  const run = async (): Promise<void> => {
    try {
      for await (const change of options.watch(end.signal, onListed))
        changes.push({ ...change, atMs: clock.now() });
    } catch (error) {
      if (!end.signal.aborted) throw error;
    }
  };
  const running = run();
  // A watch that fails later is told of by stop().
  running.catch(() => undefined);
  await Promise.race([inForce.promise, running]);
  const stop = async (): Promise<void> => {
    end.abort();
    await running;
  };
  return { changes, listed, stop, [Symbol.asyncDispose]: () => stop().catch(() => undefined) };
}

/** The numbers of pods at each moment of a recording, the first one after `listed` changes. */
export function podCounts(
  changes: readonly WatchEvent<Pod>[],
  listed: number,
): { readonly most: number; readonly fewestReady: number } {
  const alive = new Map<string, boolean>();
  let most = 0;
  let fewestReady = Number.POSITIVE_INFINITY;
  for (const [index, { type, object }] of changes.entries()) {
    const uid = object.metadata?.uid ?? "";
    const gone = type === "DELETED" || object.metadata?.deletionTimestamp !== undefined;
    if (gone) alive.delete(uid);
    else alive.set(uid, isReady(object));
    if (index + 1 < listed) continue;
    most = Math.max(most, alive.size);
    fewestReady = Math.min(fewestReady, [...alive.values()].filter(Boolean).length);
  }
  return { most, fewestReady: changes.length === 0 ? 0 : fewestReady };
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;
}
