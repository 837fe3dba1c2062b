import { acceptedDifferences } from "./accepted-differences.ts";
import { knownDifferences } from "./known-differences.ts";

/** Where the page is kept. */
export const differencesPage = new URL("../differences.md", import.meta.url);

const introduction = `# Differences from Kubernetes

The embedded cluster is held against a real Kubernetes v1.36.1 in three ways. Every scenario that was recorded is played again, and the watch streams are compared: states in order, conditions, events with their counts, every field of an object as it is created and of its last status. What kubectl prints is compared with what it printed. Errors, tables and discovery are compared too. This page lists what differs all the same: first what a user of the cluster meets, then what may differ between two recordings.

What would change a workload's behaviour and is not built is refused with an error or an event that names the field. It is never ignored.

The page is written by \`node scripts/differences.ts\`.
`;

/** The page that tells a user where the embedded cluster differs from Kubernetes. */
export function renderDifferences(): string {
  const known = knownDifferences.map(
    ({ title, facts }) => `## ${title}\n\n${facts.map((fact) => `- ${fact}\n`).join("")}`,
  );
  const accepted = acceptedDifferences.map(({ title, reason }) => `### ${title}\n\n${reason}\n`);
  const chance =
    "## By chance\n\nTwo recordings of the same scenario on a real Kubernetes differ in these, too. The parity test accepts them, and nothing else.\n";
  return [introduction, ...known, chance, ...accepted].join("\n");
}
