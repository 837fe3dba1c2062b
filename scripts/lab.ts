import { parseArgs } from "node:util";
import { keepCompiledCode } from "../harness/embedded/index.ts";
import { LabError } from "../harness/errors/lab-error.ts";
import { mustBeWritable } from "../harness/report/report-file.ts";
import { type Language, languages } from "../harness/report/text.ts";
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

await runCommand(usage, async (signal) => {
  mustNotBeNpms("lab", Object.keys(options));
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const language = toLanguage(values.lang);
  const lastStep = toStep(values.step);
  if (!values.list && positionals.length === 0)
    throw new LabError("LAB_USAGE", `expected a lab's name\n\n${usage}`);
  for (const file of ["json", "junit"] as const) mustBeWritable(`--${file}`, values[file]);
  // Loaded here: what runs labs takes most of a second to read, and less once its code is kept.
  keepCompiledCode();
  const { listLabs, runLabs } = await import("./run-labs.ts");
  if (values.list) return listLabs(language);
  process.exitCode = await runLabs(positionals, { ...values, language, lastStep, signal });
});

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
