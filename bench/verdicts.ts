import { leastMeanForShares } from "../harness/verdicts/share-test.ts";
import { simulationSeed } from "../harness/verdicts/simulated-stream.ts";
import { toShareTestOptions } from "../harness/verdicts/split.ts";
import { count } from "../harness/verdicts/wording.ts";
import { fixedOutcome, smallestFixedTest } from "./rules/fixed-n.ts";
import { gatewayApi } from "./rules/gateway-api.ts";
import type { RuleOutcome } from "./rules/outcome.ts";
import { sequential } from "./rules/sequential.ts";

/** One line for --list. */
export const about = "error rates and sample sizes of the split verdict, beside other rules";

interface Case {
  readonly wanted: readonly number[];
  /** The right one, those at the tolerance, those beyond. */
  readonly truths: readonly (readonly number[])[];
}

const cases: readonly Case[] = [
  {
    wanted: [90, 10],
    truths: [
      [90, 10],
      [85, 15],
      [95, 5],
      [83, 17],
      [80, 20],
      [97, 3],
      [50, 50],
    ],
  },
  {
    wanted: [50, 50],
    truths: [
      [50, 50],
      [45, 55],
      [55, 45],
      [43, 57],
      [40, 60],
    ],
  },
  {
    wanted: [70, 20, 10],
    truths: [
      [70, 20, 10],
      [65, 25, 10],
      [75, 15, 10],
      [70, 15, 15],
      [63, 27, 10],
      [60, 25, 15],
    ],
  },
];

const TOLERANCE = 5;
const RUNS = 100_000;
/** The mean number of requests that a right split may take, by what is wanted and the error. */
const MOST: ReadonlyMap<string, number> = new Map([
  ["90/10 0.001", 750],
  ["90/10 0.000001", 1400],
]);

/** Prints the table; throws where a rate or a mean size lies above the stated one. */
export default async function benchVerdicts(signal: AbortSignal): Promise<void> {
  const seed = simulationSeed();
  console.log(`seed ${seed} (KUBELAB_SEED repeats it)`);
  console.log(
    `Rates by exact computation; over three targets they are bounds on the joint rates (pass: the most telling target's, fail: the sum), and sizes come from ${count(RUNS)} simulated runs. Tolerance ± ${TOLERANCE}.\n`,
  );
  const wrong: string[] = [];
  line("rule", "error", "wanted", "true", "P(pass)", "P(fail)", "P(none)", "mean", "99 %", "");
  for (const { wanted, truths } of cases) {
    for (const error of [1e-3, 1e-6]) {
      const weights = Object.fromEntries(wanted.map((weight, i) => [`v${i + 1}`, weight]));
      const options = toShareTestOptions({
        weights,
        tolerance: TOLERANCE,
        alpha: error,
        beta: error,
      });
      const fixed = smallestFixedTest(options.shares, TOLERANCE / 100, error);
      for (const truth of truths) {
        signal.throwIfAborted();
        const shares = truth.map((weight) => weight / 100);
        const outcome = sequential(options, shares, RUNS, seed);
        const right = truth.join() === wanted.join();
        const mistaken = right ? outcome.fail : outcome.pass;
        const row = `${wanted.join("/")} at ${truth.join("/")}`;
        if (mistaken > error) wrong.push(`${row} is mistaken in ${mistaken}`);
        const most = right ? MOST.get(`${wanted.join("/")} ${error}`) : undefined;
        if (most !== undefined && outcome.meanRequests > most)
          wrong.push(`${row} takes ${outcome.meanRequests} requests on average`);
        const least = right ? `least possible mean ${count(leastMeanForShares(options))}` : "";
        print("kubelab", error, wanted, truth, outcome, least);
        print("fixed n", error, wanted, truth, fixedOutcome(fixed, shares), "");
      }
    }
    for (const truth of truths)
      print(
        "gateway-api",
        undefined,
        wanted,
        truth,
        gatewayApi(wanted.map(part), truth.map(part)),
        "",
      );
    console.log("");
  }
  if (wrong.length > 0) throw new Error(`above what is stated: ${wrong.join("; ")}`);
  console.log("Every rate of kubelab's rule lies under the stated one, and so do the mean sizes.");
}

function part(weight: number): number {
  return weight / 100;
}

function print(
  rule: string,
  error: number | undefined,
  wanted: readonly number[],
  truth: readonly number[],
  outcome: RuleOutcome,
  note: string,
): void {
  line(
    rule,
    error === undefined ? "none" : error.toExponential(),
    wanted.join("/"),
    truth.join("/"),
    rate(outcome.pass),
    rate(outcome.fail),
    rate(outcome.inconclusive),
    count(outcome.meanRequests),
    count(outcome.p99Requests),
    note,
  );
}

/** `0.6671`, `3.2e-7`, `1 - 2.1e-4`: small rates in full, and how far a large one is from 1. */
function rate(value: number): string {
  if (value <= 0) return "0";
  if (value < 0.01) return value < 1e-16 ? "< 1e-16" : value.toExponential(1);
  const rest = 1 - value;
  if (rest <= 1e-15) return "1";
  return rest < 0.01 ? `1 - ${rest.toExponential(1)}` : value.toFixed(4);
}

const widths = [11, 5, 8, 8, 11, 11, 8, 6, 6];

function line(...cells: string[]): void {
  const text = cells.map((cell, i) =>
    i < 4 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
  );
  console.log(text.join("  ").trimEnd());
}
