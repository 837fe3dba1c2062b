// Titles and assertions are the lab's: the rules below look for them here.
/* oxlint-disable vitest/valid-title, vitest/expect-expect */
import { afterAll, beforeAll, describe, inject, test } from "vitest";
import { errorLines, linesOf } from "../report/lines.ts";
import { createPaint } from "../report/style.ts";
import type { StepRecord } from "../report/record.ts";
import type { LabDefinition } from "./definition.ts";
import { onRegister } from "./registry.ts";
import { LabRun, stepTitle } from "./run-lab.ts";
import { joinSharedCluster } from "./share-cluster.ts";

const plain = createPaint(false);

// A lab's file only describes the lab; here its steps become tests in their order.
onRegister((definition) => {
  describe(definition.name, { concurrent: false }, () => {
    describeTests(definition);
  });
});

function describeTests(definition: LabDefinition): void {
  const stop = new AbortController();
  const cluster = joinSharedCluster(inject("kubelabCluster"));
  const run = new LabRun(definition, { cluster, observer: () => undefined, signal: stop.signal });
  let unmet: string | undefined;
  const limitMs = (definition.options.stepTimeoutMs ?? 120_000) + 10_000;

  beforeAll(async () => {
    unmet = await run.findUnmet();
    if (unmet === undefined) await run.prepare();
  }, 300_000);

  afterAll(async () => {
    await run.cleanup();
    await cluster[Symbol.asyncDispose]();
  }, 90_000);

  for (const [index, step] of run.steps.entries())
    test(stepTitle(step), { timeout: limitMs }, async ({ skip, signal, annotate }) => {
      if (unmet !== undefined) skip(unmet);
      signal.addEventListener("abort", () => stop.abort(signal.reason), { once: true });
      const record = await run.runStep(index);
      for (const check of record.checks) await annotate(check.summary, "verdict");
      if (record.outcome === "skipped") skip("an earlier step failed");
      if (record.outcome === "failed") throw failureOf(definition.name, record);
    });
}

/** The step's failure with its evidence; the stack would only point into the engine. */
function failureOf(lab: string, step: StepRecord): Error {
  const evidence = linesOf({ type: "step-end", lab, step }, { paint: plain, language: "en" });
  const shown =
    evidence.length > 0
      ? evidence
      : errorLines(step.error ?? { code: "", message: "", exitCode: 1 }, plain);
  const error = new Error(shown.join("\n").trim());
  error.name = step.error?.code ?? "Error";
  error.stack = `${error.name}: ${error.message}`;
  return error;
}
