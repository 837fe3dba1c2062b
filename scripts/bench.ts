import { readdir } from "node:fs/promises";
import { LabError } from "../harness/errors/lab-error.ts";
import { runCommand } from "./run-command.ts";

/** What `bench/<name>.ts` exports. */
interface Bench {
  readonly default: (signal: AbortSignal) => Promise<void>;
  /** One line for --list. */
  readonly about?: string;
}

const usage = `npm run bench -- NAME    measures, and prints what it measured
npm run bench -- --list  what there is to measure
  --help   this text
KUBELAB_SEED=N repeats a simulation.`;

const folder = new URL("../bench/", import.meta.url);

await runCommand(usage, async (signal) => {
  const [name, ...more] = process.argv.slice(2);
  const names = await benches();
  if (name === "--list") return list(names);
  if (name === undefined || more.length > 0)
    throw new LabError(
      "LAB_USAGE",
      `expected the name of one bench, received ${more.length > 0 ? "more" : "none"}`,
      {
        advice: `One of ${names.join(", ")}.`,
      },
    );
  if (!names.includes(name))
    throw new LabError("LAB_USAGE", `there is no bench "${name}"`, {
      advice: `One of ${names.join(", ")}.`,
    });
  await (await load(name)).default(signal);
});

async function benches(): Promise<string[]> {
  const files = await readdir(folder);
  return files.flatMap((file) => /^([\w-]+)\.ts$/.exec(file)?.[1] ?? []).toSorted();
}

function load(name: string): Promise<Bench> {
  return import(new URL(`${name}.ts`, folder).href) as Promise<Bench>;
}

async function list(names: readonly string[]): Promise<void> {
  for (const name of names)
    console.log(`${name.padEnd(12)} ${(await load(name)).about ?? ""}`.trimEnd());
}
