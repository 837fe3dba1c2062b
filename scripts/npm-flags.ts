import { LabError } from "../harness/errors/lab-error.ts";

/**
 * npm takes options that stand before `--` for its own and lets the command run without them:
 * `npm run lab NAME --cluster k3s` would quietly use another cluster. It leaves a trace in the environment.
 */
export function mustNotBeNpms(
  command: string,
  options: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): void {
  const taken = options.filter((option) => environment[`npm_config_${option}`]);
  if (taken.length === 0) return;
  const flags = taken.map((option) => `--${option}`).join(", ");
  throw new LabError("LAB_USAGE", `npm kept ${flags} for itself`, {
    advice: `Put -- before the options: npm run ${command} -- NAME ${taken.map((option) => `--${option} …`).join(" ")}`,
    facts: { taken },
  });
}
