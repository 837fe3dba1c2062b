import type { Clock } from "../../../../time/clock.ts";

/** istiod's values: PILOT_DEBOUNCE_AFTER and PILOT_DEBOUNCE_MAX. */
const quietMs = 100;
const longestMs = 10_000;

/** Answers a function that runs `action` once it has not been called for 100 ms, or after 10 s at the latest. */
export function debounce(clock: Clock, action: () => void): () => void {
  let cancel: (() => void) | undefined;
  let firstMs: number | undefined;
  const run = (): void => {
    cancel = undefined;
    firstMs = undefined;
    action();
  };
  return () => {
    firstMs ??= clock.now();
    cancel?.();
    const leftMs = Math.max(0, firstMs + longestMs - clock.now());
    cancel = clock.after(Math.min(quietMs, leftMs), run);
  };
}
