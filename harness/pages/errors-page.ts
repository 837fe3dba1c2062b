import { catalogue } from "../errors/catalogue.ts";

const exitCodes = {
  1: "A check failed",
  2: "The input is wrong",
  3: "The environment is at fault",
} as const;

/** Every error that the harness can report, as Markdown. */
export function errorsPage(): string {
  const sections = ([1, 2, 3] as const).map((exitCode) => {
    const rows = Object.entries(catalogue)
      .filter(([, entry]) => entry.exitCode === exitCode)
      .map(([code, { advice }]) => `| \`${code}\` | ${advice.replaceAll("|", "\\|")} |`);
    return `## ${exitCodes[exitCode]} (exit code ${exitCode})\n\n| Code | What to do |\n| --- | --- |\n${rows.join("\n")}`;
  });
  return `<!-- Written by \`npm run pages\` from harness/errors/catalogue.ts. -->\n\n# Errors\n\nA command that fails prints what was expected of which object and what was last seen, then advice and a code. Codes are stable, so scripts may match them. A command that is stopped by a signal ends with 128 and the signal's number.\n\n${sections.join("\n\n")}\n`;
}
