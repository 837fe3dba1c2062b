import { LabError } from "../errors/lab-error.ts";
import { type Clock, systemClock } from "../time/clock.ts";
import { isNotFound } from "./api-error.ts";
import type { KubeObject } from "./object.ts";
import { judgeReadiness, type Readiness } from "./readiness.ts";

export interface AwaitReadyOptions {
  /** `Deployment default/reviews`: the object in messages. */
  readonly subject: string;
  /** Reads the object; a 404 counts as not there yet. */
  readonly read: () => Promise<KubeObject>;
  /** Reads the pods that belong to it. */
  readonly readPods: (object: KubeObject) => Promise<readonly KubeObject[]>;
  /** The latest warning about its pods, for the message where time runs out. */
  readonly readWarning?: (object: KubeObject) => Promise<string | undefined>;
  /** Judges the object instead of the rules for its kind. */
  readonly judge?: (object: KubeObject) => Promise<Readiness>;
  readonly signal: AbortSignal;
  /** @default 120_000 */
  readonly timeoutMs?: number;
  /** How long a failing state must last before it ends the wait. @default 2_000 */
  readonly failingForMs?: number;
  /** Told each time that what stands in the way changes. */
  readonly onProgress?: (text: string) => void;
  /** @default systemClock */
  readonly clock?: Clock;
}

const shortestPauseMs = 50;
const longestPauseMs = 400;

/** Waits until the object is ready; ends early when it is in a state that time does not cure. */
export async function mustBecomeReady(options: AwaitReadyOptions): Promise<KubeObject> {
  const { clock = systemClock, timeoutMs = 120_000, failingForMs = 2_000, signal } = options;
  const startedAt = clock.now();
  let failingSince: number | undefined;
  let told = "";
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.3)) {
    signal.throwIfAborted();
    const { object, readiness } = await look(options);
    if (object && readiness.state === "ready") return object;
    const now = clock.now();
    const text = describe(readiness);
    if (text !== told) options.onProgress?.(`${options.subject}: ${(told = text)}`);
    failingSince = readiness.state === "failing" ? (failingSince ?? now) : undefined;
    const waitedMs = now - startedAt;
    if (failingSince !== undefined && now - failingSince >= failingForMs)
      throw notReady("LAB_ROLLOUT_FAILED", options.subject, readiness, waitedMs);
    if (waitedMs >= timeoutMs) {
      const detail = readiness.detail ?? (object && (await options.readWarning?.(object)));
      const seen = detail === undefined ? readiness : { ...readiness, detail };
      throw notReady("LAB_WAIT_TIMEOUT", options.subject, seen, waitedMs);
    }
    await clock.sleep(pauseMs, signal);
  }
}

async function look(options: AwaitReadyOptions) {
  try {
    const object = await options.read();
    const readiness =
      (await options.judge?.(object)) ?? judgeReadiness(object, await options.readPods(object));
    return { object, readiness };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const readiness: Readiness = { state: "waiting", progress: "does not exist" };
    return { object: undefined, readiness };
  }
}

function notReady(
  code: "LAB_ROLLOUT_FAILED" | "LAB_WAIT_TIMEOUT",
  subject: string,
  readiness: Readiness,
  waitedMs: number,
): LabError {
  const seconds =
    waitedMs < 10_000 ? (waitedMs / 1000).toFixed(1) : String(Math.round(waitedMs / 1000));
  const last = readiness.last === undefined ? "" : `; last: ${readiness.last}`;
  const detail = readiness.detail === undefined ? "" : ` (${readiness.detail})`;
  return new LabError(code, `${subject}: ${readiness.progress} after ${seconds}s${last}${detail}`, {
    facts: { object: subject, waitedMs, progress: readiness.progress, last: readiness.last },
  });
}

function describe({ progress, last }: Readiness): string {
  return last === undefined ? progress : `${progress}; ${last}`;
}
