import { acceptedDifferences } from "./accepted-differences.ts";

/** Where the page is kept. */
export const differencesPage = new URL("../differences.md", import.meta.url);

/** The page that tells a user where the embedded cluster differs from Kubernetes. */
export function renderDifferences(): string {
  const entries = acceptedDifferences.map(({ title, reason }) => `## ${title}\n\n${reason}\n`);
  return [
    "# Differences from Kubernetes\n",
    "Every scenario that was recorded from a real Kubernetes v1.36.1 is played again on the embedded cluster, and the watch streams are compared: states in order, conditions, events with their counts, and every field of an object as it is created. What follows is all that may differ. The page is written from `parity/accepted-differences.ts`.\n",
    ...entries,
  ].join("\n");
}
