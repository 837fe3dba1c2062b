import { hostname } from "node:os";
import { identifyProcess, isRunning } from "../../embedded/index.ts";
import type { Engine } from "./engine.ts";

/** Every container the labs start carries these labels, so that a later run can tell whose it is. */
const ownerLabel = "dev.kubelab.owner";
const keepLabel = "dev.kubelab.keep";

/** Labels for a container of this process; `keep` spares it from sweeps. */
export function ownLabels(keep: boolean): Record<string, string> {
  const identity = identifyProcess(process.pid);
  return {
    [ownerLabel]: JSON.stringify({ host: hostname(), ...identity }),
    ...(keep ? { [keepLabel]: "true" } : {}),
  };
}

/**
 * Removes containers that runs killed on this machine left behind, with their volumes.
 * Ryuk does the same where it runs; this is for engines without it.
 */
export async function removeLeftovers(engine: Engine): Promise<readonly string[]> {
  const containers = await engine.client.container.dockerode.listContainers({
    all: true,
    filters: { label: [ownerLabel] },
  });
  const left = containers.filter(
    ({ Labels }) => Labels[keepLabel] === undefined && !ownerLives(Labels[ownerLabel]),
  );
  for (const { Id } of left)
    await engine.client.container.dockerode.getContainer(Id).remove({ force: true, v: true });
  return left.map(({ Id }) => Id);
}

function ownerLives(label: string | undefined): boolean {
  try {
    const owner = JSON.parse(label ?? "") as { host: string; pid: number; startedAt: string };
    return owner.host !== hostname() || isRunning(owner);
  } catch {
    return false;
  }
}
