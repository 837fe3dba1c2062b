import type { Observation } from "../traffic/observation.ts";
import { argumentMust, errorsMustBeSmall } from "./arguments.ts";
import { errorOf } from "./attribution.ts";
import { robbinsInterval, type ShareInterval, zeroOfBound } from "./confidence.ts";
import { toVerdict } from "./facts.ts";
import { judgeAll, type Judge } from "./judge.ts";
import { createSprt } from "./sprt.ts";
import type { Outcome, Verdict } from "./verdict.ts";
import { duration, outcomeWord, percent, plural, probability } from "./wording.ts";
import { createZeroWrong, type ZeroWrongOptions } from "./zero-wrong.ts";

/** Within which time answers must come. */
export interface LatencyOptions extends ZeroWrongOptions {
  /** @default 0 */
  readonly minMs?: number;
  readonly maxMs: number;
  /** Part of the requests that must lie within; 0.99 says "p99 ≤ maxMs". @default 1, every one */
  readonly share?: number;
  /** With a share below 1: probability of a FAIL while half as many as allowed lie outside. @default 1e-6 */
  readonly alpha?: number;
}

/** The evidence behind a latency verdict. */
export type LatencyEvidence = {
  readonly minMs: number;
  readonly maxMs: number;
  readonly share: number;
  readonly within: number;
  readonly outside: number;
  /** The share of requests that may lie outside: wrong at any time with probability `beta` at most. */
  readonly outsideShare: ShareInterval;
  /** Of the requests judged, from the intended time. */
  readonly observedMs: {
    readonly min: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
  readonly alpha: number;
  readonly beta: number;
};

/** Judges a complete stream. */
export function judgeLatency(
  observations: Iterable<Observation>,
  options: LatencyOptions,
): Verdict<LatencyEvidence> {
  return judgeAll(createLatency(options), observations);
}

/** Every answer, or a share of them, within bounds. A request that failed does not lie within. */
export function createLatency(options: LatencyOptions): Judge<Verdict<LatencyEvidence>> {
  const { minMs = 0, maxMs, share = 1 } = options;
  argumentMust(minMs >= 0, "minMs", "0 or more", minMs);
  argumentMust(maxMs > minMs, "maxMs", `above ${minMs}`, maxMs);
  argumentMust(share > 0 && share <= 1, "share", "above 0 and at most 1", share);
  return share === 1 ? createEvery(options) : createQuantile(options);
}

function createEvery(options: LatencyOptions): Judge<Verdict<LatencyEvidence>> {
  const times = new Times(options);
  const judge = createZeroWrong(
    {
      kind: "latency",
      wanted: wantedWords(options),
      unit: "request",
      check: (observation) => times.add(observation),
      cause: ({ instead }) => `outside the bounds: ${instead}`,
    },
    options,
  );
  const complete = (verdict: Verdict): Verdict<LatencyEvidence> => ({
    ...verdict,
    summary: `${times.words} · ${verdict.summary}`,
    evidence: times.toEvidence(0),
  });
  return {
    add: (observation) => judge.add(observation),
    verdict() {
      const verdict = judge.verdict();
      return verdict && complete(verdict);
    },
    conclude: (why) => complete(judge.conclude(why)),
  };
}

function createQuantile(options: LatencyOptions): Judge<Verdict<LatencyEvidence>> {
  const { share = 1, alpha = 1e-6, beta = 1e-6 } = options;
  errorsMustBeSmall({ alpha, beta });
  const times = new Times(options);
  // Half of what may lie outside is told from all of it.
  const test = createSprt({ share: (1 - share) / 2, versus: 1 - share, alpha, beta });
  let final: Verdict<LatencyEvidence> | undefined;
  const conclude = (outcome: Outcome, why?: string): Verdict<LatencyEvidence> => {
    const evidence = times.toEvidence(alpha);
    const requests = evidence.within + evidence.outside;
    const late = percent(evidence.outside / Math.max(1, requests), 2);
    const cause = outcome === "fail" ? `${late} lie outside: ${times.instead}` : undefined;
    const detail =
      outcome === "pass" ? `error ≤ ${probability(Math.max(alpha, beta))}` : (cause ?? why);
    const summary = `${times.words} of ${plural(requests, "request")} · wanted ${wantedWords(options)} · ${outcomeWord(outcome, detail)}`;
    return toVerdict({ kind: "latency", outcome, summary, requests, evidence }, cause);
  };
  return {
    add(observation) {
      if (final) return;
      test.add(times.add(observation) !== undefined);
      if (test.decision) final = conclude(test.decision === "accept" ? "pass" : "fail");
    },
    verdict: () => final,
    conclude(why = "no more requests came") {
      final ??= conclude("inconclusive", why);
      return final;
    },
  };
}

function wantedWords({ minMs = 0, maxMs, share = 1 }: LatencyOptions): string {
  const who = share === 1 ? "every answer" : `${Number((share * 100).toFixed(3))} % of the answers`;
  return minMs > 0
    ? `${who} within ${duration(minMs)} to ${duration(maxMs)}`
    : `${who} within ${duration(maxMs)}`;
}

/** The times seen, and what lay outside. */
class Times {
  readonly #options: LatencyOptions;
  readonly #times: number[] = [];
  readonly #outside = new Map<string, number>();

  constructor(options: LatencyOptions) {
    this.#options = options;
  }

  add(observation: Observation): undefined | { what: string; error?: boolean } {
    const { minMs = 0, maxMs } = this.#options;
    const error = errorOf(observation);
    const { durationMs } = observation;
    if (!error) this.#times.push(durationMs);
    if (!error && durationMs >= minMs && durationMs <= maxMs) return undefined;
    const what = error ?? (durationMs < minMs ? "too soon" : "too late");
    this.#outside.set(what, (this.#outside.get(what) ?? 0) + 1);
    return { what, error: error !== undefined };
  }

  get instead(): string {
    return [...this.#outside].map(([what, times]) => `${what} × ${times}`).join(", ");
  }

  get words(): string {
    const { p50, p99, max } = this.#observed();
    return `median ${duration(p50)} p99 ${duration(p99)} max ${duration(max)}`;
  }

  toEvidence(alpha: number): LatencyEvidence {
    const { minMs = 0, maxMs, share = 1, beta = 1e-6 } = this.#options;
    const outside = this.#outside.values().reduce((sum, n) => sum + n, 0);
    const errors = outside - this.#times.filter((t) => t < minMs || t > maxMs).length;
    const within = this.#times.length + errors - outside;
    const outsideShare =
      outside === 0
        ? { low: 0, high: zeroOfBound(within, beta) }
        : robbinsInterval({ hits: outside, misses: within, expected: 1 - share, error: beta });
    const observedMs = this.#observed();
    return { minMs, maxMs, share, within, outside, outsideShare, observedMs, alpha, beta };
  }

  #observed(): LatencyEvidence["observedMs"] {
    const sorted = Float64Array.from(this.#times).toSorted();
    const at = (part: number): number =>
      sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
    return { min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}
