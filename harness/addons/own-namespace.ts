import { LabError } from "../errors/lab-error.ts";
import type { Kube } from "../kube/kube.ts";

/** On the namespace of every add-on that was installed here. */
export const addonLabel = "kubelab.dev/addon";

/** Whether the namespace is there and was made for this add-on by an earlier installation. */
export async function isOurs(kube: Kube, namespace: string, addon: string): Promise<boolean> {
  const found = await kube.find(`namespace/${namespace}`);
  return found?.metadata?.labels?.[addonLabel] === addon;
}

/** Fails where somebody else has something in the add-on's place: it would be overwritten, and later removed. */
export async function mustBeFree(kube: Kube, namespace: string, addon: string): Promise<void> {
  const found = await kube.find(`namespace/${namespace}`);
  if (found === undefined || found.metadata?.labels?.[addonLabel] === addon) return;
  throw new LabError(
    "ADDON_FAILED",
    `namespace ${namespace} is there already, but not with a working ${addon} as labs need it`,
    { advice: `Repair or remove what is in ${namespace}, or use another cluster.` },
  );
}
