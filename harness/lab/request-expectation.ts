import type { ErrorClass } from "../traffic/observation.ts";
import type { AttributionOptions } from "../verdicts/attribution.ts";
import type { Verdict } from "../verdicts/verdict.ts";
import type { WantedAnswer } from "./wanted-answer.ts";

export interface ConvergeOptions {
  /**
   * Whether requests may be sent, and not counted, until the new rule is in force.
   * False where every single request must be accounted for. @default true, but not inside one pod (127.0.0.1)
   */
  readonly converge?: boolean;
}

/** How sure a verdict must be, and when it gives up. A function in `by` sees failed requests too; one that it names is no error. */
export interface CertaintyOptions extends AttributionOptions, ConvergeOptions {
  /** Points that a share may be off. @default the verdict's own */
  readonly tolerance?: number;
  /** Probability of a FAIL while all is right. @default 1e-6 */
  readonly alpha?: number;
  /** Probability of a PASS while it is wrong. @default 1e-6 */
  readonly beta?: number;
  /** Requests after which it is INCONCLUSIVE. @default the verdict's own */
  readonly cap?: number;
}

export interface BalanceMatcherOptions extends CertaintyOptions {
  /** The workload or Service whose ready pods must all be reached. @default the Service that the URL names */
  readonly over?: string;
}

export interface ExactMatcherOptions extends AttributionOptions, ConvergeOptions {
  /** How many requests must all be right. @default as many as the bound of 1 % at 1e-6 takes */
  readonly times?: number;
  /** What is expected is what happens where no rule of the lab applies: leaving them out cannot break it. @default false */
  readonly ruleless?: boolean;
}

/** Within which time answers must come, and how many of them. */
export interface WantedTime {
  /** @default 0 */
  readonly minMs?: number;
  readonly maxMs: number;
  /** Part of the answers that must lie within; 0.99 says "p99 ≤ maxMs". @default 1, every one */
  readonly share?: number;
}

export interface CountMatcherOptions {
  /** Finds the counter in an answer's body, as its first group. */
  readonly in: RegExp;
  /** What the counter was before the first request. @default not known */
  readonly after?: number;
  /** How many requests are made. @default 100 */
  readonly times?: number;
}

/** What can be expected of described requests. Each matcher sends as many as its verdict needs. */
export interface RequestExpectation {
  /** The answers split over versions in these proportions. */
  toSplit(weights: Readonly<Record<string, number>>, options?: CertaintyOptions): Promise<Verdict>;
  /** Every answer comes from this version; not one from another. */
  toReachOnly(target: string, options?: ExactMatcherOptions): Promise<Verdict>;
  /** Every pod gets an even share. */
  toBalance(options?: BalanceMatcherOptions): Promise<Verdict>;
  /** Every answer is like this. `times` requests are sent (@default 20). */
  toAnswer(wanted: WantedAnswer, options?: ExactMatcherOptions): Promise<Verdict>;
  /** Every answer, or a share of them, comes within this time. Of every one, `times` are sent (@default 20). */
  toAnswerWithin(wanted: WantedTime, options?: ExactMatcherOptions): Promise<Verdict>;
  /** All answers come from one pod, whichever it is. */
  toStayOnOnePod(options?: ExactMatcherOptions): Promise<Verdict>;
  /** Each request raises the counter in the answers by exactly one, whichever pod answers. */
  toCountUp(options: CountMatcherOptions): Promise<Verdict>;
  /** No request gets an answer: the connection is refused, reset or leads nowhere. */
  toRefuse(options?: ExactMatcherOptions & { readonly as?: ErrorClass }): Promise<Verdict>;
}
