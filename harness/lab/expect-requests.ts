import type { Pod } from "kubernetes-types/core/v1";
import { LabError } from "../errors/lab-error.ts";
import type { ErrorClass, Observation } from "../traffic/observation.ts";
import { type AttributionOptions, attributeBy } from "../verdicts/attribution.ts";
import { createBalance } from "../verdicts/balance.ts";
import { zeroOfBound } from "../verdicts/confidence.ts";
import { createCounterExact } from "../verdicts/counter-exact.ts";
import { createExact } from "../verdicts/exact.ts";
import { createLatency } from "../verdicts/latency.ts";
import { createSplit } from "../verdicts/split.ts";
import { createSticky } from "../verdicts/sticky.ts";
import type { Verdict } from "../verdicts/verdict.ts";
import { points } from "../verdicts/wording.ts";
import {
  acceptedCondition,
  type GateCondition,
  respondersCondition,
  targetsSeenCondition,
} from "./gate.ts";
import { judgeRequests, type RequestCheck } from "./judge-requests.ts";
import type { RequestDescription } from "./request.ts";
import type { RunContext } from "./run-context.ts";

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

/** What an answer must be. */
export interface WantedAnswer {
  readonly status?: number;
  /** The whole body, without white space at its ends, or a pattern in it. */
  readonly body?: string | RegExp;
  /** Headers that must be there, with these values. */
  readonly headers?: Readonly<Record<string, string | RegExp>>;
  readonly version?: string;
  readonly app?: string;
  /** Least and most time that the answer takes, in milliseconds. */
  readonly between?: readonly [number, number];
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

/** How many requests a matcher sends that takes none to be sure. */
export const fewRequests = 20;
const refusals: readonly ErrorClass[] = [
  "refused",
  "reset",
  "unreachable",
  "dns",
  "tls",
  "timeout",
];

/** The matchers for one description. */
export function expectRequests(
  context: RunContext,
  description: RequestDescription,
): RequestExpectation {
  const run = (check: Omit<RequestCheck, "description">) =>
    judgeRequests(context, { description, ...check });
  // Inside one pod nothing has to spread first; every request counts there.
  const alone = /^\w+:\/\/(localhost|127\.|\[::1\])/.test(description.url);
  const spreads = (options: ConvergeOptions, create: () => GateCondition) =>
    alone && options.converge !== true ? undefined : create();
  return {
    toSplit: (weights, options = {}) =>
      run({
        matcher: "toSplit",
        wants: `to split ${Object.entries(weights)
          .map(([name, weight]) => `${name} ${weight}`)
          .join(", ")}`,
        createJudge: async () =>
          createSplit({
            weights,
            ...(await podsByVersion(context, description, Object.keys(weights), options)),
            ...options,
          }),
        targetOf: attributeBy(options),
        adapt: (observation) => withoutNamedError(observation, options),
        wanted: toShares(weights),
        converge: options.converge,
        gate: spreads(options, () =>
          targetsSeenCondition(
            Object.keys(weights).filter((name) => (weights[name] ?? 0) > 0),
            attributeBy(options),
          ),
        ),
      }),
    toReachOnly: (target, options = {}) =>
      run({
        matcher: "toReachOnly",
        wants: `to reach only ${target}`,
        ruleless: options.ruleless,
        createJudge: () => createExact({ expected: target, ...toBound(options.times), ...options }),
        targetOf: attributeBy(options),
        converge: options.converge,
        gate: spreads(options, () =>
          respondersCondition(
            `answers from ${target}`,
            (answer) => attributeBy(options)(answer) === target,
          ),
        ),
      }),
    toBalance: async (options = {}) => {
      const { over, ...rest } = options;
      const attribution: AttributionOptions = { by: "pod", ...rest };
      const members = await readyPods(context, over ?? serviceOf(description));
      return run({
        matcher: "toBalance",
        wants: `to balance over ${members.length} pods`,
        createJudge: () => createBalanceOver(members, { ...rest, ...attribution }),
        targetOf: attributeBy(attribution),
        wanted: Object.fromEntries(members.map((name) => [name, 1 / members.length])),
        converge: options.converge,
        gate: targetsSeenCondition(members, attributeBy(attribution)),
      });
    },
    toAnswer: (wanted, options = {}) =>
      run({
        matcher: "toAnswer",
        wants: `to answer ${describeAnswer(wanted)}`,
        keepHeaders: true,
        keepBody: true,
        converge: options.converge,
        gate: spreads(options, () => {
          const { version, app } = wanted;
          const condition = (version ?? app) ? respondersCondition : acceptedCondition;
          return condition("such answers", (answer) => isLike(answer, wanted));
        }),
        ...exactly(
          `every answer ${describeAnswer(wanted)}`,
          (answer) => isLike(answer, wanted),
          options,
        ),
      }),
    toAnswerWithin: (wanted, options = {}) => {
      const { times = fewRequests } = options;
      const { minMs = 0, maxMs, share = 1 } = wanted;
      const every = share === 1;
      const isWithin = ({ durationMs }: Observation) => durationMs >= minMs && durationMs <= maxMs;
      return run({
        matcher: "toAnswerWithin",
        wants: `to answer within ${minMs > 0 ? `${minMs} to ` : ""}${maxMs} ms${every ? "" : ` in ${points(share)} %`}`,
        ruleless: options.ruleless,
        converge: options.converge,
        ...(every ? { limit: times } : {}),
        targetOf: attributeBy(options),
        gate: spreads(options, () => acceptedCondition("such answers", isWithin)),
        createJudge: () => createLatency({ ...wanted, ...(every ? toBound(times) : {}) }),
      });
    },
    toStayOnOnePod: (options = {}) => {
      const { times = fewRequests } = options;
      return run({
        matcher: "toStayOnOnePod",
        wants: "to stay on one pod",
        ruleless: options.ruleless,
        converge: options.converge,
        limit: times,
        targetOf: attributeBy({ by: "pod", ...options }),
        gate: spreads(options, () =>
          acceptedCondition("answers", ({ responder }) => responder !== undefined),
        ),
        // An answer and the one before it are a pair: one fewer than requests.
        createJudge: () => createSticky({ ...options, ...toBound(times - 1) }),
      });
    },
    toCountUp: ({ in: pattern, after, times = 100 }) =>
      run({
        matcher: "toCountUp",
        wants: "to count up by one each",
        keepBody: true,
        limit: times,
        // A request that does not count would be counted by the app.
        converge: false,
        targetOf: attributeBy({ by: "pod" }),
        createJudge: () =>
          createCounterExact({
            valueOf: ({ body }) => toNumber(pattern.exec(body ?? "")?.[1]),
            ...(after === undefined ? {} : { before: after }),
            requests: times,
          }),
      }),
    toRefuse: ({ as, ...options } = {}) => {
      const accepted = as === undefined ? refusals : [as];
      return run({
        matcher: "toRefuse",
        wants: `to be refused${as === undefined ? "" : ` (${as})`}`,
        converge: options.converge,
        gate: spreads(options, () =>
          acceptedCondition(
            "refusals",
            ({ error }) => error !== undefined && accepted.includes(error),
          ),
        ),
        ...exactly(
          "no answer at all",
          ({ error }) => error !== undefined && accepted.includes(error),
          options,
        ),
        noWayIn: (reason) => ({
          kind: "exact",
          outcome: "pass",
          summary: `${reason} · PASS`,
          requests: 0,
          evidence: { reason },
        }),
      });
    },
  };
}

function createBalanceOver(members: readonly string[], options: CertaintyOptions) {
  if (members.length >= 2) return createBalance({ members, ...options });
  // One pod alone cannot be balanced over; the reader's expectation is what failed.
  throw new LabError(
    "LAB_EXPECTATION_FAILED",
    `balance needs two ready pods or more, there is ${members.length}`,
    {
      facts: { expected: "two ready pods or more", received: members },
    },
  );
}

/** A check in which every single answer must hold, errors included where they are what is wanted. */
function exactly(
  words: string,
  holds: (observation: Observation) => boolean,
  options: ExactMatcherOptions,
): Pick<RequestCheck, "createJudge" | "adapt" | "targetOf" | "limit" | "ruleless"> {
  const right = new WeakSet<Observation>();
  return {
    ruleless: options.ruleless,
    limit: options.times ?? fewRequests,
    targetOf: attributeBy(options),
    adapt: (observation) => {
      if (!holds(observation)) return observation;
      const { error: _, ...answer } = observation;
      right.add(answer);
      return answer;
    },
    createJudge: () =>
      createExact({
        expected: { description: words, holds: (observation) => right.has(observation) },
        ...toBound(options.times ?? fewRequests),
        ...options,
      }),
  };
}

/** A failed request that the lab's own attribution has a name for, as where a share of them must fail. */
function withoutNamedError(observation: Observation, { by }: AttributionOptions): Observation {
  if (!observation.error || typeof by !== "function" || by(observation) === undefined)
    return observation;
  const { error: _, ...named } = observation;
  return named;
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** The bound that `times` right answers show; with few requests it is wide, and the verdict says so. */
function toBound(times: number | undefined) {
  return times === undefined ? {} : { bound: Math.min(0.999_999, zeroOfBound(times, 1e-6) + 1e-9) };
}

function toShares(weights: Readonly<Record<string, number>>): Record<string, number> {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [name, weight / total]),
  );
}

/** The Service that the URL names, as a target. */
function serviceOf({ url, through }: RequestDescription): string {
  const host = through ?? new URL(url.replace(/^(grpc|tcp):/, "http:")).hostname;
  return `service/${host.split(".")[0]}`;
}

async function readyPods(context: RunContext, target: string): Promise<readonly string[]> {
  const pods = await context.kube.pods(target);
  return pods.filter(isReady).map((pod) => pod.metadata?.name ?? "");
}

/** How many pods stand behind each version: lets a failing split tell that no rule is in force. */
async function podsByVersion(
  context: RunContext,
  description: RequestDescription,
  targets: readonly string[],
  { by = "version", of = "responder" }: AttributionOptions,
): Promise<{ pods?: Record<string, number> }> {
  if (by !== "version" || of !== "responder") return {};
  const service = serviceOf(description);
  const found = await context.kube.find(service);
  if (found?.spec?.["selector"] === undefined) return {};
  const pods: Record<string, number> = {};
  for (const pod of (await context.kube.pods(service)).filter(isReady)) {
    const version = versionOf(pod);
    if (version !== undefined) pods[version] = (pods[version] ?? 0) + 1;
  }
  // Where the Service does not reach every target, that and no missing rule is what is wrong.
  return targets.every((target) => pods[target] !== undefined) ? { pods } : {};
}

/** The apps say the version of their image's tag. */
function versionOf(pod: Pod): string | undefined {
  const image = pod.spec?.containers.find((container) =>
    container.image?.includes("kubelab/apps"),
  )?.image;
  return image?.split(":").at(-1);
}

function isReady(pod: Pod): boolean {
  const ready = pod.status?.conditions?.some(
    (entry) => entry.type === "Ready" && entry.status === "True",
  );
  return ready === true && pod.metadata?.deletionTimestamp === undefined;
}

function isLike(answer: Observation, wanted: WantedAnswer): boolean {
  const { status, body, headers = {}, version, app, between } = wanted;
  if (answer.error !== undefined && answer.status === undefined) return false;
  if (status !== undefined ? answer.status !== status : answer.error !== undefined) return false;
  if (body !== undefined && !matches(answer.body?.trim(), body)) return false;
  if (version !== undefined && answer.responder?.version !== version) return false;
  if (app !== undefined && answer.responder?.app !== app) return false;
  if (between && (answer.durationMs < between[0] || answer.durationMs > between[1])) return false;
  return Object.entries(headers).every(([name, value]) =>
    matches(answer.headers?.[name.toLowerCase()], value),
  );
}

function matches(text: string | undefined, wanted: string | RegExp): boolean {
  if (text === undefined) return false;
  return typeof wanted === "string" ? text === wanted : wanted.test(text);
}

function describeAnswer({
  status,
  body,
  headers = {},
  version,
  app,
  between,
}: WantedAnswer): string {
  return [
    status === undefined ? undefined : String(status),
    body === undefined ? undefined : typeof body === "string" ? JSON.stringify(body) : String(body),
    app === undefined ? undefined : `from ${app}`,
    version === undefined ? undefined : `from ${version}`,
    between ? `after ${between[0]} to ${between[1]} ms` : undefined,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
    .filter((part) => part !== undefined)
    .join(" ");
}
