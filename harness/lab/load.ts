import { type RequestDescription } from "./request.ts";

export interface LoadOptions {
  /** Requests a second of each stream. @default 100 */
  readonly perSecond?: number;
  /** How long traffic goes on after the action. @default 1_000 */
  readonly afterMs?: number;
  /** How long traffic goes on before the action. @default 500 */
  readonly beforeMs?: number;
}

/** Traffic by the clock while something is done. Described and not sent: a matcher sends it. */
export interface LoadDescription extends Required<LoadOptions> {
  readonly type: "load";
  readonly requests: RequestDescription;
  readonly action: () => Promise<void>;
}

/** `load(from("deployment/client").get(url)).during(async () => { … })` */
export function load(requests: RequestDescription, options: LoadOptions = {}) {
  const { perSecond = 100, afterMs = 1_000, beforeMs = 500 } = options;
  return {
    /** What is done while the traffic runs. */
    during: (action: () => Promise<void>): LoadDescription => ({
      type: "load",
      requests,
      action,
      perSecond,
      afterMs,
      beforeMs,
    }),
  };
}

/** Whether a value is a description made by `load`. */
export function isLoadDescription(value: unknown): value is LoadDescription {
  return (
    typeof value === "object" && value !== null && (value as { type?: unknown }).type === "load"
  );
}
