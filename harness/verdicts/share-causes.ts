import { percent } from "./wording.ts";

/** What a failed share test has to go by. */
export interface ShareEvidence {
  readonly names: readonly string[];
  readonly wanted: readonly number[];
  readonly counts: readonly number[];
  readonly errors: number;
  readonly requests: number;
  /** Pods behind each target, where known: without a rule, traffic goes by these. */
  readonly pods?: readonly number[];
}

interface Hypothesis {
  readonly cause: string;
  readonly shares: readonly number[];
  /** Log of how many hypotheses of this sort there are, or the price of fitting it to the data. */
  readonly penalty: number;
}

/** A hypothesis must allow for the odd stray answer. */
const STRAY = 0.002;

/** Names the likeliest of the causes that the counts can tell apart. */
export function likeliestCause(evidence: ShareEvidence): string {
  return errorCause(evidence) ?? shareCause(evidence);
}

function errorCause({
  names,
  wanted,
  counts,
  errors,
  requests,
}: ShareEvidence): string | undefined {
  if (errors === 0) return undefined;
  if (errors === requests) return "every request failed";
  if (errors / requests > 0.9) return "nearly every request failed";
  const silent = wanted.findIndex(
    (share, i) => share > 0 && counts[i] === 0 && resembles(errors, requests, share),
  );
  if (silent >= 0) return `no answer from ${names[silent]}: its share of requests ends in errors`;
  return `errors: ${percent(errors / requests)} of the requests failed`;
}

function shareCause(evidence: ShareEvidence): string {
  const total = evidence.counts.reduce((sum, c) => sum + c, 0);
  if (total === 0) return "no target answered";
  const best = hypotheses(evidence, total)
    .filter(({ shares }) => differs(shares, evidence.wanted))
    .map((hypothesis) => ({ hypothesis, score: score(hypothesis, evidence.counts) }))
    .reduce((a, b) => (b.score > a.score ? b : a));
  return best.hypothesis.cause;
}

function hypotheses(evidence: ShareEvidence, total: number): Hypothesis[] {
  const { names, wanted, counts, pods } = evidence;
  const k = names.length;
  const seen = counts.map((c) => c / total);
  return [
    {
      cause: "the rule is not in force: requests are spread evenly",
      shares: wanted.map(() => 1 / k),
      penalty: 0,
    },
    ...(pods ? [byPods(pods)] : []),
    ...names.map((name, i) => ({
      cause: `everything goes to ${name}`,
      shares: wanted.map((_, j) => (i === j ? 1 : 0)),
      penalty: Math.log(k),
    })),
    ...inverted(wanted, counts),
    ...missing(names, wanted),
    {
      cause: `another split is in force, near ${names.map((name, i) => `${name} ${percent(seen[i] ?? 0, 0)}`).join(", ")}`,
      shares: seen,
      penalty: ((k - 1) / 2) * Math.log(total) + 2,
    },
  ];
}

function byPods(pods: readonly number[]): Hypothesis {
  const all = pods.reduce((sum, p) => sum + p, 0);
  return {
    cause: "the rule is not in force: requests are spread over the pods",
    shares: pods.map((p) => p / all),
    penalty: 0,
  };
}

/** The wanted shares given to the wrong targets: of all such mix-ups the one that fits best. */
function inverted(wanted: readonly number[], counts: readonly number[]): Hypothesis[] {
  const byCount = counts.map((_, i) => i).toSorted((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0));
  const sorted = wanted.toSorted((a, b) => b - a);
  const shares = wanted.slice();
  byCount.forEach((target, rank) => {
    shares[target] = sorted[rank] ?? 0;
  });
  const ways = wanted.reduce((product, _, i) => product * (i + 1), 1);
  return [{ cause: "the weights are inverted", shares, penalty: Math.log(ways) }];
}

function missing(names: readonly string[], wanted: readonly number[]): Hypothesis[] {
  if (names.length < 3) return [];
  return names.map((name, i) => {
    const rest = 1 - (wanted[i] ?? 0);
    return {
      cause: `nothing goes to ${name}; the others share its part`,
      shares: wanted.map((share, j) => (i === j || rest === 0 ? 0 : share / rest)),
      penalty: Math.log(names.length),
    };
  });
}

function score(hypothesis: Hypothesis, counts: readonly number[]): number {
  const k = counts.length;
  const fit = counts.reduce((sum, c, i) => {
    const share = (1 - STRAY) * (hypothesis.shares[i] ?? 0) + STRAY / k;
    return c === 0 ? sum : sum + c * Math.log(share);
  }, 0);
  return fit - hypothesis.penalty;
}

/** Hypotheses that are the wanted shares themselves cannot be why they were missed. */
function differs(a: readonly number[], b: readonly number[]): boolean {
  return a.some((share, i) => Math.abs(share - (b[i] ?? 0)) > 1e-9);
}

/** Within four standard deviations of a binomial count. */
function resembles(hits: number, n: number, share: number): boolean {
  return Math.abs(hits - n * share) <= 4 * Math.sqrt(n * share * (1 - share)) + 1;
}
