import { whyNoCompose } from "./compose.ts";
import type { LabDefinition } from "./definition.ts";
import type { LabCluster } from "./lab-cluster.ts";

/** Why a lab cannot run on a cluster, or on this machine, in words; undefined where it can. */
export async function findUnmet(
  { options }: LabDefinition,
  cluster: Pick<LabCluster, "can" | "description">,
): Promise<string | undefined> {
  const requires = options.requires ?? [];
  const missing = requires.filter((one) => one !== "docker" && !cluster.can(one));
  if (missing.length > 0) return `${cluster.description} has no ${missing.join(", ")}`;
  // Docker is wanted of the machine, beside whichever cluster.
  return requires.includes("docker") ? whyNoCompose() : undefined;
}
