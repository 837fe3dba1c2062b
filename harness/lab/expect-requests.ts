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
import { points } from "../verdicts/wording.ts";
import {
  acceptedCondition,
  type GateCondition,
  respondersCondition,
  targetsSeenCondition,
} from "./gate.ts";
import { judgeRequests, type RequestCheck } from "./judge-requests.ts";
import type {
  CertaintyOptions,
  ConvergeOptions,
  ExactMatcherOptions,
  RequestExpectation,
} from "./request-expectation.ts";
import type { RequestDescription } from "./request.ts";
import { podsByVersion, readyPods, serviceOf } from "./responding-pods.ts";
import type { RunContext } from "./run-context.ts";
import { describeAnswer, isLike } from "./wanted-answer.ts";

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
