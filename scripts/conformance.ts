import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chooseCluster } from "../harness/clusters/choose.ts";
import { LabError } from "../harness/errors/lab-error.ts";
import type { LabDefinition } from "../harness/lab/definition.ts";
import { labNames, loadLab } from "../harness/lab/find-labs.ts";
import { runLab } from "../harness/lab/run-lab.ts";
import { type ClusterWithAddons, withAddons } from "../harness/lab/with-addons.ts";
import { type ConformanceReport, toConformanceMarkdown } from "../harness/report/conformance.ts";
import { toJUnit } from "../harness/report/junit.ts";
import type { LabRecord } from "../harness/report/record.ts";
import { mustBeWritable, writeReports } from "../harness/report/report-file.ts";
import { toRunRecord } from "../harness/report/run-record.ts";
import { mustNotBeNpms } from "./npm-flags.ts";
import { runCommand } from "./run-command.ts";

const usage = `npm run conformance -- --context NAME   run the labs as checks on the cluster of a kubeconfig context

  --labs a,b        only these labs (default: all)
  --out DIR         where conformance.md, conformance.json and conformance.xml (JUnit) go (default: conformance)
  --registry HOST   the registry that holds the labs' image
  --install         install add-ons that the cluster lacks, and remove them at the end
  --yes             go on although the context looks like production
  --help            this text

Exit code 1 where a lab failed or none could be run; labs that the cluster cannot run are skipped, with the reason.`;

const options = {
  context: { type: "string" },
  labs: { type: "string" },
  out: { type: "string", default: "conformance" },
  registry: { type: "string" },
  install: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
} as const;

const files = ["conformance.md", "conformance.json", "conformance.xml"] as const;

await runCommand(usage, async (signal) => {
  mustNotBeNpms("conformance", Object.keys(options));
  const { values } = parseArgs({ options });
  const names = values.labs?.split(",").map((name) => name.trim()) ?? labNames();
  const labs = await Promise.all(names.map((name) => loadLab(name)));
  const report = await check(labs, { ...values, signal });
  await write(report, values.out);
  if (report.outcome !== "passed") process.exitCode = 1;
});

interface CheckOptions {
  readonly out: string;
  readonly context?: string | undefined;
  readonly registry?: string | undefined;
  readonly install: boolean;
  readonly yes: boolean;
  readonly signal: AbortSignal;
}

async function check(
  labs: readonly LabDefinition[],
  choice: CheckOptions,
): Promise<ConformanceReport> {
  const startedAt = new Date();
  const start = performance.now();
  const { cluster } = await chooseCluster({ ...choice, kind: "kubeconfig" }, choice.signal);
  await using started = await cluster.start({ signal: choice.signal });
  mustTakeReports(choice.out);
  const clusterMs = performance.now() - start;
  console.log(`${started.description}: ${labs.length} labs`);
  const withOnes = withAddons(started);
  let records: readonly LabRecord[];
  let addons: Readonly<Record<string, string>>;
  try {
    records = await runEach(labs, withOnes, choice.signal);
    addons = await withOnes.addonVersions();
  } finally {
    await withOnes.removeAddons();
  }
  const durationMs = performance.now() - start;
  const run = toRunRecord({
    startedAt,
    durationMs,
    cluster: started,
    clusterMs,
    stopMs: 0,
    labs: records,
  });
  return { ...run, context: choice.context ?? "", addons, kubelabVersion: await ownVersion() };
}

async function runEach(
  labs: readonly LabDefinition[],
  cluster: ClusterWithAddons,
  signal: AbortSignal,
): Promise<readonly LabRecord[]> {
  const records: LabRecord[] = [];
  for (const lab of labs) {
    if (signal.aborted) break;
    const record = withoutAddon(await runLab(lab, { cluster, observer: () => undefined, signal }));
    const why = record.reason ?? record.error?.message ?? "";
    console.log(`${record.outcome.padEnd(11)} ${record.lab}${why && `: ${why}`}`);
    records.push(record);
  }
  return records;
}

/** An add-on that the cluster lacks, and that may not be installed, is no fault of the cluster's. */
function withoutAddon(record: LabRecord): LabRecord {
  if (record.error?.code !== "ADDON_MISSING") return record;
  const { error, ...rest } = record;
  return { ...rest, outcome: "skipped", reason: error.message };
}

/** Said before the labs run, which takes minutes. */
function mustTakeReports(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LabError("LAB_USAGE", `--out ${folder}: this folder cannot be made: ${code}`, {
      advice: "Name a folder that you may write to.",
      cause: error,
    });
  }
  for (const file of files) mustBeWritable("--out", join(folder, file));
}

async function write(report: ConformanceReport, folder: string): Promise<void> {
  const texts = {
    "conformance.md": toConformanceMarkdown(report),
    "conformance.json": `${JSON.stringify(report, null, 2)}\n`,
    "conformance.xml": toJUnit(report),
  };
  await writeReports(
    files.map((name) => ({ option: "--out", file: join(folder, name), text: texts[name] })),
  );
  console.log(`${report.outcome}; the report is in ${folder}`);
}

async function ownVersion(): Promise<string> {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version?: string };
  if (version === undefined) throw new LabError("LAB_USAGE", "package.json names no version");
  return version;
}
