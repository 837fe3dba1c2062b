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
import { mustNotBeNpms } from "./npm-flags.ts";
import { runCommand } from "./run-command.ts";

const usage = `npm run sabotage [NAME …]    break labs on purpose: the named checks must notice (default: every lab)

  --cluster KIND    auto, embedded, k3s or kubeconfig (default: auto)
  --context NAME    the kubeconfig context to use
  --jobs N          how many runs at once (default: 5)
  --passing         the labs are known to pass, npm test has just said so: do not run them soundly as well
  --json FILE       write every sabotage, what came of it and how
  --help            this text`;

await runCommand(usage, async (signal) => {
  mustNotBeNpms("sabotage", ["cluster", "context", "jobs", "passing", "json"]);
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      cluster: { type: "string" },
      context: { type: "string" },
      jobs: { type: "string", default: "5" },
      passing: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  mustBeWritable("--json", values.json);
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new LabError("LAB_USAGE", `--jobs ${values.jobs}: expected a number from 1 on`);
  const names = positionals.length > 0 ? positionals : labNames();
  const labs = await Promise.all(names.map((name) => loadLab(name)));
  const { cluster, why } = await chooseCluster(
    { kind: values.cluster, context: values.context },
    signal,
  );
  console.log(`cluster: ${why}`);
  await using started = await cluster.start({ signal });
  const rows = await sabotageAll(labs, withAddons(started), {
    jobs,
    passing: values.passing,
    signal,
  });
  if (signal.aborted) return;
  const missed = rows.filter((row) => !row.caught).length;
  console.log(`\n${sabotageTable(rows, createPaint(takesColours(process.stdout)))}`);
  console.log(`\n${rows.length - missed} caught, ${missed} MISSED`);
  if (missed > 0) process.exitCode = 1;
  if (values.json === undefined) return;
  const text = `${JSON.stringify(toSabotageRecord(why, rows), undefined, 2)}\n`;
  await writeReports([{ option: "--json", file: values.json, text }]);
});

/** What `--json` holds. */
function toSabotageRecord(cluster: string, sabotages: readonly SabotageRecord[]) {
  const missed = sabotages.filter((row) => !row.caught).length;
  return {
    format: "kubelab-sabotage/1",
    cluster,
    caught: sabotages.length - missed,
    missed,
    sabotages,
  };
}

type Job = () => Promise<readonly SabotageRecord[]>;

async function sabotageAll(
  labs: readonly LabDefinition[],
  cluster: LabCluster,
  { jobs, passing, signal }: { jobs: number; passing: boolean; signal: AbortSignal },
): Promise<readonly SabotageRecord[]> {
  const options: SabotageRunOptions = { cluster, observer: () => undefined, signal };
  const work = (await runnable(labs, cluster)).flatMap((lab) => [
    ...lab.sabotages.map((sabotage): Job => async () => [
      await runSabotage(lab, sabotage, options),
    ]),
    (): Promise<readonly SabotageRecord[]> => runGenericSabotages(lab, passing, options),
  ]);
  const results: (readonly SabotageRecord[])[] = [];
  const queue = work.entries();
  const worker = async () => {
    for (const [index, job] of queue) {
      if (signal.aborted) return;
      const rows = await job();
      for (const row of rows)
        console.log(
          `${row.caught ? "caught" : "MISSED"}  ${row.lab}: ${row.sabotage} (${row.check})`,
        );
      results[index] = rows;
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results.flat();
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
