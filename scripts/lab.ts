import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { chooseCluster } from "../harness/clusters/choose.ts";
import type { StartedCluster } from "../harness/clusters/cluster.ts";
import { LabError } from "../harness/errors/lab-error.ts";
import type { LabDefinition } from "../harness/lab/definition.ts";
import { labNames, loadLab } from "../harness/lab/find-labs.ts";
import { runLab } from "../harness/lab/run-lab.ts";
import { type ClusterWithAddons, withAddons } from "../harness/lab/with-addons.ts";
import { toJUnit } from "../harness/report/junit.ts";
import { phaseLine } from "../harness/report/lines.ts";
import type { LabRecord, RunRecord } from "../harness/report/record.ts";
import { createTerminal } from "../harness/report/terminal.ts";
import { toRunRecord } from "../harness/report/run-record.ts";
import { inLanguage, type Language, languages } from "../harness/report/text.ts";
import { mustNotBeNpms } from "./npm-flags.ts";
import { runCommand } from "./run-command.ts";

const usage = `npm run lab -- --list          every lab: its name, what it shows, where it comes from, what it needs
npm run lab NAME [NAME …]      run labs and watch them

  --cluster KIND    auto, embedded, k3s or kubeconfig (default: auto)
  --context NAME    the kubeconfig context to use
  --registry HOST   the registry that holds the labs' images, for kubeconfig
  --install         install add-ons that the context's cluster lacks, and remove them at the end
  --yes             go on although the context looks like production
  --step N          run the first N steps only
  --keep            leave the lab's objects and the cluster as they are at the end
  --json FILE       write every step, verdict and duration (format: harness/report/README.md)
  --junit FILE      write the result as JUnit XML
  --lang en|zh      language of the text (default: en)
  --help            this text`;

const options = {
  list: { type: "boolean", default: false },
  cluster: { type: "string" },
  context: { type: "string" },
  registry: { type: "string" },
  install: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  step: { type: "string" },
  keep: { type: "boolean", default: false },
  json: { type: "string" },
  junit: { type: "string" },
  lang: { type: "string", default: "en" },
} as const;

type Values = ReturnType<
  typeof parseArgs<{ options: typeof options; allowPositionals: true }>
>["values"];

await runCommand(usage, async (signal) => {
  mustNotBeNpms("lab", Object.keys(options));
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const language = toLanguage(values.lang);
  if (values.list) return list(language);
  if (positionals.length === 0)
    throw new LabError("LAB_USAGE", `expected a lab's name\n\n${usage}`);
  const lastStep = toStep(values.step);
  // Every lab is read before the cluster starts: a wrong name or a slip in a file costs no waiting.
  const labs = await Promise.all(positionals.map((name) => loadLab(name)));
  process.exitCode = await runLabs(labs, { values, language, lastStep, signal });
});

interface RunLabsOptions {
  readonly values: Values;
  readonly language: Language;
  readonly lastStep: number | undefined;
  readonly signal: AbortSignal;
}

async function runLabs(labs: readonly LabDefinition[], run: RunLabsOptions): Promise<number> {
  const { values, language, lastStep, signal } = run;
  const terminal = createTerminal({ screen: process.stdout, language });
  const startedAt = new Date();
  const start = performance.now();
  const choice = await chooseCluster(
    {
      kind: values.cluster,
      context: values.context,
      registry: values.registry,
      install: values.install,
      yes: values.yes,
      keep: values.keep,
    },
    signal,
  );
  console.log(`cluster: ${choice.why}`);
  const started = await choice.cluster.start({
    signal,
    onPhase: (detail) => terminal({ type: "phase", phase: "cluster", detail }),
  });
  const clusterMs = performance.now() - start;
  const records: LabRecord[] = [];
  const cluster = withAddons(started);
  let stopMs = 0;
  try {
    // What goes away with its cluster need not be deleted object by object.
    const keep = values.keep || choice.kind === "embedded";
    for (const definition of labs) {
      if (signal.aborted) break;
      const steps = lastStep === undefined ? {} : { lastStep };
      records.push(
        await runLab(definition, { cluster, observer: terminal, signal, keep, ...steps }),
      );
    }
  } finally {
    terminal.close();
    const stopping = performance.now();
    if (!values.keep) await stop(cluster, started);
    stopMs = performance.now() - stopping;
  }
  const record = toRunRecord({
    startedAt,
    durationMs: performance.now() - start,
    cluster: started,
    clusterMs,
    stopMs,
    labs: records,
  });
  await report(record, values);
  if (values.keep) console.log(howToLook(started));
  return record.outcome === "passed" || record.outcome === "skipped" ? 0 : exitCodeOf(records);
}

/** The cluster ends even where an add-on could not be removed. */
async function stop(cluster: ClusterWithAddons, started: StartedCluster): Promise<void> {
  try {
    await cluster.removeAddons();
  } finally {
    await started.stop();
  }
}

async function report(record: RunRecord, values: Values): Promise<void> {
  console.log(
    `time: ${phaseLine(record.phases)} · total ${(record.durationMs / 1000).toFixed(1)} s`,
  );
  if (values.json) await writeFile(values.json, `${JSON.stringify(record, null, 2)}\n`);
  if (values.junit) await writeFile(values.junit, toJUnit(record));
}

/** 3 where the environment, 2 where the input was at fault, else 1. */
function exitCodeOf(records: readonly LabRecord[]): number {
  const errors = records.flatMap((record) => [
    record.error,
    ...record.steps.map((step) => step.error),
  ]);
  return Math.max(1, ...errors.map((error) => error?.exitCode ?? 1));
}

function howToLook(started: StartedCluster): string {
  return `the lab's objects are still there:\n  export KUBECONFIG=${started.kubeConfigPath}\n  kubectl get pods,deploy,svc -A\n  npm run cluster -- down --all`;
}

async function list(language: Language): Promise<void> {
  for (const name of labNames()) {
    const { options: lab } = await loadLab(name);
    const needs = [...(lab.addons ?? []), ...(lab.requires ?? [])].join(", ") || "nothing";
    console.log(
      `${name}\n    ${inLanguage(lab.shows, language)}\n    from ${lab.tutorial} · needs ${needs}`,
    );
  }
}

function toLanguage(text: string): Language {
  const found = languages.find((language) => language === text);
  if (found) return found;
  throw new LabError("LAB_USAGE", `--lang ${text}: expected one of ${languages.join(", ")}`);
}

function toStep(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const step = Number(text);
  if (Number.isInteger(step) && step >= 1) return step;
  throw new LabError("LAB_USAGE", `--step ${text}: expected a number from 1 on`);
}
