import { LabError } from "../errors/lab-error.ts";
import type { Observation } from "../traffic/observation.ts";
import { describeRequest, type RequestDescription } from "./request.ts";
import type { RunContext } from "./run-context.ts";
import { toClosedPlan } from "./to-plan.ts";
import { openVantage } from "./vantage.ts";

/** One answer, for a lab to look into. */
export interface Answer {
  readonly status: number;
  /** The first 4 KiB. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends the described request once and gives its answer; throws where there is none. */
export async function ask(context: RunContext, description: RequestDescription): Promise<Answer> {
  const plan = await toClosedPlan(context, description, {
    keepHeaders: true,
    keepBody: true,
  });
  const vantage = await openVantage(context, description);
  let answer: Observation | undefined;
  await vantage.send(
    { ...plan, limit: 1, concurrency: 1 },
    (observation) => (answer ??= observation),
    context.signal,
  );
  if (answer?.status !== undefined)
    return { status: answer.status, body: answer.body ?? "", headers: answer.headers ?? {} };
  // Where all checks are surveyed the step must go on to the next one.
  if (context.options.fault) return { status: 0, body: "", headers: {} };
  throw new LabError(
    "LAB_EXPECTATION_FAILED",
    `${describeRequest(description)}: expected an answer, received ${answer?.error ?? "none"}${answer?.errorDetail ? ` (${answer.errorDetail})` : ""}`,
    { facts: { expected: "an answer", received: answer?.error } },
  );
}
