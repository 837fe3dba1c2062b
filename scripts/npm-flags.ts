import { LabError } from "../harness/errors/lab-error.ts";

/** Options that npm has as well: an .npmrc or the environment may be what set them. */
const alsoNpms: ReadonlySet<string> = new Set(["json", "registry", "yes"]);

/** Where npm's traces and the words that it passed on are looked for. */
export interface NpmFlagsOptions {
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** @default what the script was started with */
  readonly words?: readonly string[];
}

/**
 * npm takes options that stand before `--` for its own and lets the command run without them:
 * `npm run lab NAME --cluster k3s` would quietly use another cluster. It leaves a trace in the environment.
 */
export function mustNotBeNpms(
  command: string,
  options: readonly string[],
  { environment = process.env, words = process.argv.slice(2) }: NpmFlagsOptions = {},
): void {
  const isSure = (option: string): boolean =>
    !alsoNpms.has(option) || (option === "json" && words.some(isLeftOver));
  const taken = options.filter((option) => environment[`npm_config_${option}`] && isSure(option));
  if (taken.length === 0) return;
  const flags = taken.map((option) => `--${option}`).join(", ");
  const names = words.filter((...word) => !word[0].startsWith("-") && !isLeftOver(...word));
  throw new LabError("LAB_USAGE", `npm kept ${flags} for itself`, {
    advice: `Put -- before the options: npm run ${[command, "--", ...names, ...taken.map((option) => `--${option} …`)].join(" ")}`,
    facts: { taken },
  });
}

/** npm's own --json has no value: the file's name is left among the names of labs. */
function isLeftOver(word: string, index: number, words: readonly string[]): boolean {
  return /^[^-].*[./\\]/.test(word) && !words[index - 1]?.startsWith("-");
}
