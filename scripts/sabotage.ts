import { parseArgs } from "node:util";
import { chooseCluster } from "../harness/clusters/choose.ts";
import { LabError } from "../harness/errors/lab-error.ts";
import type { LabDefinition } from "../harness/lab/definition.ts";
import { findUnmet } from "../harness/lab/find-unmet.ts";
import { labNames, loadLab } from "../harness/lab/find-labs.ts";
import type { LabCluster } from "../harness/lab/lab-cluster.ts";
import {
  runGenericSabotages,
  runSabotage,
  type SabotageRecord,
  type SabotageRunOptions,
} from "../harness/lab/run-sabotage.ts";
import { withAddons } from "../harness/lab/with-addons.ts";
import { mustBeWritable, writeReports } from "../harness/report/report-file.ts";
import { sabotageTable } from "../harness/report/sabotage-table.ts";
import { createPaint, takesColours } from "../harness/report/style.ts";
import { inLanguage } from "../harness/report/text.ts";
import { mustNotBeNpms } from "./npm-flags.ts";
import { runCommand } from "./run-command.ts";

const usage = `npm run sabotage [NAME …]    break labs on purpose: the named checks must notice (default: every lab)

  --cluster KIND    auto, embedded, k3s or kubeconfig (default: auto)
  --context NAME    the kubeconfig context to use
  --jobs N          how many runs at once (default: 5)
  --passing         the labs are known to pass, npm test has just said so: do not run them soundly as well
  --minutes N       start nothing more after N minutes, and say what was left out (default: no limit)
  --json FILE       write every sabotage, what came of it and how
  --help            this text`;

await runCommand(usage, async (signal) => {
  mustNotBeNpms("sabotage", ["cluster", "context", "jobs", "passing", "minutes", "json"]);
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      cluster: { type: "string" },
      context: { type: "string" },
      jobs: { type: "string", default: "5" },
      passing: { type: "boolean", default: false },
      minutes: { type: "string" },
      json: { type: "string" },
    },
  });
  mustBeWritable("--json", values.json);
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new LabError("LAB_USAGE", `--jobs ${values.jobs}: expected a number from 1 on`);
  const minutes = values.minutes === undefined ? Infinity : Number(values.minutes);
  if (!(minutes > 0))
    throw new LabError("LAB_USAGE", `--minutes ${values.minutes}: expected a number above 0`);
  const names = positionals.length > 0 ? positionals : labNames();
  const labs = await Promise.all(names.map((name) => loadLab(name)));
  const { cluster, why } = await chooseCluster(
    { kind: values.cluster, context: values.context },
    signal,
  );
  console.log(`cluster: ${why}`);
  const endsAtMs = performance.now() + minutes * 60_000;
  await using started = await cluster.start({ signal });
  const { passing } = values;
  const options = { jobs, passing, endsAtMs, signal };
  const { rows, leftOut } = await sabotageAll(labs, withAddons(started), options);
  if (signal.aborted) return;
  const missed = rows.filter((row) => !row.caught).length;
  console.log(`\n${sabotageTable(rows, createPaint(takesColours(process.stdout)))}`);
  if (leftOut.length > 0)
    console.log(`\nnot tried, ${minutes} minutes were over:\n  ${leftOut.join("\n  ")}`);
  console.log(`\n${rows.length - missed} caught, ${missed} MISSED`);
  if (missed > 0) process.exitCode = 1;
  if (values.json === undefined) return;
  const text = `${JSON.stringify(toSabotageRecord(why, rows, leftOut), undefined, 2)}\n`;
  await writeReports([{ option: "--json", file: values.json, text }]);
});

/** What `--json` holds. */
function toSabotageRecord(
  cluster: string,
  sabotages: readonly SabotageRecord[],
  leftOut: readonly string[],
) {
  const missed = sabotages.filter((row) => !row.caught).length;
  return {
    format: "kubelab-sabotage/1",
    cluster,
    caught: sabotages.length - missed,
    missed,
    sabotages,
    leftOut,
  };
}

interface SabotageAllOptions {
  readonly jobs: number;
  readonly passing: boolean;
  /** When nothing more is started, by performance.now(). */
  readonly endsAtMs: number;
  readonly signal: AbortSignal;
}

interface Job {
  readonly title: string;
  readonly run: () => Promise<readonly SabotageRecord[]>;
}

async function sabotageAll(
  labs: readonly LabDefinition[],
  cluster: LabCluster,
  { jobs, passing, endsAtMs, signal }: SabotageAllOptions,
): Promise<{ readonly rows: readonly SabotageRecord[]; readonly leftOut: readonly string[] }> {
  const options: SabotageRunOptions = { cluster, observer: () => undefined, signal };
  const work = (await runnable(labs, cluster)).flatMap((lab): Job[] => [
    ...lab.sabotages.map((sabotage) => ({
      title: `${lab.name}: ${inLanguage(sabotage.title, "en")}`,
      run: async () => [await runSabotage(lab, sabotage, options)],
    })),
    {
      title: `${lab.name}: the engine's own faults`,
      run: () => runGenericSabotages(lab, passing, options),
    },
  ]);
  const results: (readonly SabotageRecord[])[] = [];
  const leftOut: string[] = [];
  // Where the time may run out, it does so at other sabotages each time.
  const queue = (
    endsAtMs === Infinity ? [...work.entries()] : shuffled([...work.entries()])
  ).values();
  const worker = async () => {
    for (const [index, job] of queue) {
      if (signal.aborted) return;
      if (performance.now() >= endsAtMs) {
        leftOut.push(job.title);
        continue;
      }
      const rows = await job.run();
      for (const row of rows)
        console.log(
          `${row.caught ? "caught" : "MISSED"}  ${row.lab}: ${row.sabotage} (${row.check})`,
        );
      results[index] = rows;
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return { rows: results.flat(), leftOut: leftOut.toSorted() };
}

/** In an order by chance. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

/** The labs that can run here; of the others it is said why they cannot. */
async function runnable(
  labs: readonly LabDefinition[],
  cluster: LabCluster,
): Promise<readonly LabDefinition[]> {
  const found = await Promise.all(
    labs.map(async (lab) => ({ lab, unmet: await findUnmet(lab, cluster) })),
  );
  for (const { lab, unmet } of found)
    if (unmet !== undefined) console.log(`skipped ${lab.name}: ${unmet}`);
  return found.filter(({ unmet }) => unmet === undefined).map(({ lab }) => lab);
}
