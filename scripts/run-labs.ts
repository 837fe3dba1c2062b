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
import { type Report, writeReports } from "../harness/report/report-file.ts";
import { createTerminal } from "../harness/report/terminal.ts";
import { toRunRecord } from "../harness/report/run-record.ts";
import { inLanguage, type Language } from "../harness/report/text.ts";

/** How a person wants labs to be run: `npm run lab -- --help` says what each option means. */
export interface RunLabsOptions {
  readonly cluster?: string | undefined;
  readonly context?: string | undefined;
  readonly registry?: string | undefined;
  readonly install: boolean;
  readonly yes: boolean;
  readonly keep: boolean;
  readonly json?: string | undefined;
  readonly junit?: string | undefined;
  readonly language: Language;
  readonly lastStep: number | undefined;
  readonly signal: AbortSignal;
}

/** Runs labs one after the other on one cluster, shows them, writes reports; returns the exit code. */
export async function runLabs(names: readonly string[], options: RunLabsOptions): Promise<number> {
  // Every lab is read before the cluster starts: a wrong name or a slip in a file costs no waiting.
  const labs = await Promise.all(names.map((name) => loadLab(name)));
  for (const lab of labs) mustHaveStep(lab, options.lastStep);
  const startedAt = new Date();
  const start = performance.now();
  const { keep } = options;
  const choice = await chooseCluster({ ...options, kind: options.cluster }, options.signal);
  console.log(`cluster: ${choice.why}`);
  const terminal = createTerminal({ screen: process.stdout, language: options.language });
  const cluster = await choice.cluster.start({
    signal: options.signal,
    onPhase: (detail) => terminal({ type: "phase", phase: "cluster", detail }),
  });
  const clusterMs = performance.now() - start;
  const withAddonsOnce = withAddons(cluster);
  let records: readonly LabRecord[] = [];
  let stopMs = 0;
  let lost: string | undefined;
  let stopFailure: unknown;
  try {
    // What goes away with its cluster need not be deleted object by object.
    const keepObjects = keep || choice.kind === "embedded";
    records = await runEach(labs, {
      ...options,
      keep: keepObjects,
      cluster: withAddonsOnce,
      terminal,
    });
  } finally {
    terminal.close();
    const stopping = performance.now();
    if (!keep) await stop(withAddonsOnce, cluster).catch((error: unknown) => (stopFailure = error));
    stopMs = performance.now() - stopping;
    lost = cluster.lost?.();
  }
  const durationMs = performance.now() - start;
  const record = toRunRecord({ startedAt, durationMs, cluster, clusterMs, stopMs, labs: records });
  const log = record.outcome === "failed" ? cluster.recentLog?.() : undefined;
  await report(log === undefined ? record : { ...record, clusterLog: log }, options);
  // Told last: the labs' results are written whatever became of the cluster.
  if (stopFailure !== undefined) throw stopFailure;
  // What the labs said of it was only what they noticed first.
  if (lost !== undefined && !options.signal.aborted)
    throw new LabError("CLUSTER_UNREACHABLE", lost, { advice: "Run it again." });
  if (keep) console.log(howToLook(cluster, records));
  return record.outcome === "passed" || record.outcome === "skipped" ? 0 : exitCodeOf(records);
}

interface RunEachOptions {
  readonly cluster: ClusterWithAddons;
  readonly terminal: ReturnType<typeof createTerminal>;
  readonly signal: AbortSignal;
  readonly keep: boolean;
  readonly lastStep: number | undefined;
}

async function runEach(
  labs: readonly LabDefinition[],
  { cluster, terminal, signal, keep, lastStep }: RunEachOptions,
): Promise<readonly LabRecord[]> {
  const steps = lastStep === undefined ? {} : { lastStep };
  const records: LabRecord[] = [];
  for (const lab of labs) {
    if (signal.aborted) break;
    const options = { cluster, observer: terminal, signal, keep, ...steps };
    records.push(await runLab(lab, options));
  }
  return records;
}

/** The cluster ends even where an add-on could not be removed. */
async function stop(cluster: ClusterWithAddons, started: StartedCluster): Promise<void> {
  try {
    await cluster.removeAddons();
  } finally {
    await started.stop();
  }
}

function mustHaveStep({ name, steps }: LabDefinition, lastStep: number | undefined): void {
  if (lastStep === undefined || lastStep <= steps.length) return;
  throw new LabError(
    "LAB_USAGE",
    `--step ${lastStep}: ${name} has ${steps.length} steps, expected a number from 1 to ${steps.length}`,
  );
}

async function report(record: RunRecord, { json, junit }: RunLabsOptions): Promise<void> {
  console.log(
    `time: ${phaseLine(record.phases)} · total ${(record.durationMs / 1000).toFixed(1)} s`,
  );
  const reports: Report[] = [];
  if (json)
    reports.push({ option: "--json", file: json, text: `${JSON.stringify(record, null, 2)}\n` });
  if (junit) reports.push({ option: "--junit", file: junit, text: toJUnit(record) });
  await writeReports(reports);
}

/** 3 where the environment, 2 where the input was at fault, else 1. */
function exitCodeOf(records: readonly LabRecord[]): number {
  const errors = records.flatMap((record) => [
    record.error,
    ...record.steps.map((step) => step.error),
  ]);
  return Math.max(1, ...errors.map((error) => error?.exitCode ?? 1));
}

function howToLook(cluster: StartedCluster, labs: readonly LabRecord[]): string {
  const namespaces = labs.map((lab) => lab.namespace).join(" ");
  const remove = cluster.howToEnd ?? `kubectl delete namespace ${namespaces}`;
  return `the lab's objects are still there:
  export KUBECONFIG=${cluster.kubeConfigPath}
  kubectl get pods,deploy,svc -A
and this removes them:
  ${remove}`;
}

/** Prints every lab: its name, what it shows, where it comes from and what it needs. */
export async function listLabs(language: Language): Promise<void> {
  for (const name of labNames()) {
    const { options: lab } = await loadLab(name);
    const needs = [...(lab.addons ?? []), ...(lab.requires ?? [])].join(", ") || "nothing";
    console.log(
      `${name}\n    ${inLanguage(lab.shows, language)}\n    from ${lab.tutorial} · needs ${needs}`,
    );
  }
}
