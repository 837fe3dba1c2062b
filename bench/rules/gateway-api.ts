import { binomial } from "./binomial.ts";
import type { RuleOutcome } from "./outcome.ts";

const REQUESTS = 500;
const TOLERANCE = 0.05;
const TRIES = 10;

/** Gateway API conformance: 500 requests, each share within 0.05, and any of 10 attempts will do. */
export function gatewayApi(wanted: readonly number[], truth: readonly number[]): RuleOutcome {
  const once = attemptPasses(wanted, truth);
  const never = (1 - once) ** TRIES;
  const tries = once === 0 ? TRIES : (1 - never) / once;
  const decided = (attempts: number): number =>
    attempts >= TRIES ? 1 : 1 - (1 - once) ** attempts;
  let p99 = 1;
  while (decided(p99) < 0.99) p99++;
  return {
    pass: 1 - never,
    fail: never,
    inconclusive: 0,
    meanRequests: tries * REQUESTS,
    p99Requests: p99 * REQUESTS,
  };
}

/** P(all shares within), counted one target after another on what the former ones left. */
function attemptPasses(wanted: readonly number[], truth: readonly number[]): number {
  const accepts = (target: number, hits: number): boolean =>
    // In floating point, as conformance compares: |0.85 - 0.9| > 0.05.
    Math.abs(hits / REQUESTS - (wanted[target] ?? 0)) <= TOLERANCE;
  const walk = (target: number, left: number, share: number): number => {
    if (target === wanted.length - 1) return accepts(target, left) ? 1 : 0;
    const law = binomial(left, Math.min(1 - 1e-15, (truth[target] ?? 0) / share));
    let sum = 0;
    for (let hits = 0; hits <= left; hits++)
      if ((law[hits] ?? 0) > 1e-18 && accepts(target, hits))
        sum += (law[hits] ?? 0) * walk(target + 1, left - hits, share - (truth[target] ?? 0));
    return sum;
  };
  return walk(0, REQUESTS, 1);
}
