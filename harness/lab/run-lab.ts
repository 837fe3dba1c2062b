import { LabError } from "../errors/lab-error.ts";
import { collectEvidence, type ObjectEvidence } from "../kube/evidence.ts";
import { inLanguage } from "../report/text.ts";
import type { ErrorRecord, LabOutcome, LabRecord, StepRecord } from "../report/record.ts";
import type { LabDefinition, StepDefinition } from "./definition.ts";
import { toErrorRecord } from "./error-record.ts";
import { findUnmet } from "./find-unmet.ts";
import { createNamespaces, deleteNamespaces } from "./namespaces.ts";
import { RunContext, type RunOptions } from "./run-context.ts";
import { createTools } from "./tools.ts";

const defaultStepTimeoutMs = 120_000;

/** One run of one lab, step by step: for a test runner, which owns the order. */
export class LabRun {
  readonly context: RunContext;
  readonly steps: readonly StepDefinition[];
  readonly records: StepRecord[] = [];
  readonly #startedAt: number;
  #error: ErrorRecord | undefined;
  #cleaned = false;

  constructor(definition: LabDefinition, options: RunOptions) {
    this.context = new RunContext(definition, options);
    this.#startedAt = this.context.clock.now();
    const steps: StepDefinition[] = [];
    const collector = {
      step: (text: Omit<StepDefinition, "run">, run: () => Promise<void>) =>
        void steps.push({ ...text, run }),
      sabotage: () => undefined,
    };
    definition.define(createTools(this.context, collector));
    this.steps = steps.slice(0, options.lastStep);
  }

  /** Why this lab cannot run here; undefined where it can. */
  findUnmet(): Promise<string | undefined> {
    return findUnmet(this.context.definition, this.context.options.cluster);
  }

  /** Installs what the lab needs and creates its namespaces. */
  async prepare(): Promise<void> {
    const { context } = this;
    const { definition, options } = context;
    const tell = (text: string) => context.progress(text);
    for (const addon of definition.options.addons ?? [])
      await context.time("add-ons", async () => {
        options.observer({ type: "phase", lab: definition.name, phase: "add-ons", detail: addon });
        await options.cluster.addon(addon, tell, context.signal);
      });
    await context.time("deploy", () => createNamespaces(context));
    options.observer({
      type: "lab-start",
      lab: definition.name,
      namespace: context.namespace,
      steps: this.steps.length,
    });
  }

  /** Runs one step, or skips it where an earlier one failed. */
  async runStep(index: number): Promise<StepRecord> {
    const step = this.steps[index];
    if (!step) throw new LabError("LAB_USAGE", `there is no step ${index + 1}`);
    const stop =
      this.records.some((record) => record.outcome !== "passed") && !this.context.options.fault;
    const record = stop ? skipped(index, step) : await this.#run(index, step);
    this.records.push(record);
    this.context.options.observer({
      type: "step-end",
      lab: this.context.definition.name,
      step: record,
    });
    return record;
  }

  async #run(index: number, step: StepDefinition): Promise<StepRecord> {
    const { context } = this;
    const { run: _, ...text } = step;
    const number = index + 1;
    context.options.observer({ type: "step-start", lab: context.definition.name, number, ...text });
    const startedAt = context.clock.now();
    const first = context.checks.length;
    const found = await this.#attempt(number, step);
    const failed = found.error !== undefined;
    return {
      number,
      title: step.title,
      outcome: failed ? "failed" : "passed",
      durationMs: context.clock.now() - startedAt,
      checks: context.checks.slice(first),
      ...found,
    };
  }

  async #attempt(number: number, step: StepDefinition) {
    const { context } = this;
    const limitMs = context.definition.options.stepTimeoutMs ?? defaultStepTimeoutMs;
    const limit = new AbortController();
    const cancel = context.clock.after(limitMs, () =>
      limit.abort(
        new LabError("LAB_WAIT_TIMEOUT", `step ${number} was not over after ${limitMs / 1000}s`),
      ),
    );
    context.signal = AbortSignal.any([context.options.signal, limit.signal]);
    context.stepNumber = number;
    try {
      context.signal.throwIfAborted();
      await step.run();
      return {};
    } catch (thrown) {
      context.stepNumber = 0;
      const error = toErrorRecord(limit.signal.aborted ? limit.signal.reason : thrown);
      context.signal = context.options.signal;
      return { error, evidence: await this.#evidence() };
    } finally {
      cancel();
      context.stepNumber = 0;
      context.signal = context.options.signal;
    }
  }

  /** Evidence must never hide the failure it belongs to. */
  async #evidence(): Promise<readonly ObjectEvidence[]> {
    if (
      this.context.options.signal.aborted ||
      this.context.options.sabotage ||
      this.context.options.fault
    )
      return [];
    return collectEvidence(this.context.kube, this.context.spaces).catch(() => []);
  }

  /** Deletes what the lab created. Harmless when called twice. */
  async cleanup(): Promise<void> {
    try {
      // They are no part of the cluster and do not go with it.
      for (const one of this.context.started.splice(0)) await one[Symbol.asyncDispose]();
    } finally {
      await this.#leaveCluster();
    }
  }

  async #leaveCluster(): Promise<void> {
    const { context } = this;
    if (this.#cleaned || context.options.keep) return;
    this.#cleaned = true;
    await context.time("cleanup", () => deleteNamespaces(context));
  }

  /** Notes a failure outside the steps. */
  failed(error: unknown): void {
    this.#error ??= toErrorRecord(error);
  }

  /** What became of the lab so far. */
  toRecord(): LabRecord {
    const { context } = this;
    const durationMs = context.clock.now() - this.#startedAt;
    const phases = context.phaseTimes;
    const known = Object.values(phases).reduce((sum, ms) => sum + ms, 0);
    return {
      lab: context.definition.name,
      outcome: this.#outcome(),
      namespace: context.namespace,
      durationMs,
      phases: { ...phases, other: Math.max(0, durationMs - known) },
      steps: this.records,
      ...(this.#error ? { error: this.#error } : {}),
    };
  }

  #outcome(): LabOutcome {
    if (this.context.options.signal.aborted) return "interrupted";
    const complete = this.records.length === this.steps.length;
    const passed = this.records.every((record) => record.outcome === "passed");
    return complete && passed && this.#error === undefined ? "passed" : "failed";
  }
}

/** Runs a lab from its add-ons to its cleanup. Failures are in the record; nothing is thrown. */
export async function runLab(definition: LabDefinition, options: RunOptions): Promise<LabRecord> {
  const run = new LabRun(definition, options);
  const reason = await run.findUnmet();
  const record =
    reason === undefined
      ? await runAll(run)
      : { ...run.toRecord(), outcome: "skipped" as const, reason };
  options.observer({ type: "lab-end", record });
  return record;
}

async function runAll(run: LabRun): Promise<LabRecord> {
  try {
    await run.prepare();
    for (const index of run.steps.keys()) {
      if (run.context.options.signal.aborted) break;
      await run.runStep(index);
    }
  } catch (error) {
    run.failed(error);
  }
  try {
    await run.cleanup();
  } catch (error) {
    run.failed(error);
  }
  return run.toRecord();
}

function skipped(index: number, step: StepDefinition): StepRecord {
  return { number: index + 1, title: step.title, outcome: "skipped", durationMs: 0, checks: [] };
}

/** A step's title in English, by which sabotages name it. */
export function stepTitle(step: { readonly title: StepDefinition["title"] }): string {
  return inLanguage(step.title, "en");
}
