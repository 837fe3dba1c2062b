import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readManifest } from "../kube/manifest.ts";
import type { LabDefinition } from "../lab/definition.ts";

/** How each workload and Service of a lab's manifests chooses its pods, as `-l` takes it, by `kind/name`. */
export async function readSelectors(
  definition: LabDefinition,
): Promise<ReadonlyMap<string, string>> {
  const folder = join(definition.folder, "manifests");
  const selectors = new Map<string, string>();
  for (const name of (await readdir(folder)).filter((file) => /\.ya?ml$/.test(file)))
    for (const { object } of await readManifest(join(folder, name))) {
      const selector = (object.spec?.["selector"] ?? {}) as Record<string, unknown>;
      const labels = (object.kind === "Service" ? selector : selector["matchLabels"]) ?? {};
      const words = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
      if (words.length > 0)
        selectors.set(`${object.kind}/${object.metadata?.name}`.toLowerCase(), words.join(","));
    }
  return selectors;
}
