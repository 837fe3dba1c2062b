import type { Addon } from "../addons/addon.ts";
import type { StartedCluster } from "../clusters/cluster.ts";
import { LabError } from "../errors/lab-error.ts";
import type { LabCluster } from "./lab-cluster.ts";

/** A started cluster with the add-ons that labs ask for; each is installed once, whoever asks first. */
export function withAddons(cluster: StartedCluster): LabCluster {
  const installed = new Map<string, Promise<void>>();
  return {
    description: cluster.description,
    serverVersion: cluster.serverVersion,
    kubeConfig: cluster.kubeConfig,
    can: (capability) => cluster.can(capability),
    outside: (service) => cluster.outside(service),
    image: (reference) => cluster.image(reference),
    addon(name, onProgress, signal) {
      const known = installed.get(name);
      if (known) return known;
      const installing = install(cluster, name, onProgress, signal);
      installed.set(name, installing);
      // A failed installation may be tried again by the next lab.
      installing.catch(() => installed.delete(name));
      return installing;
    },
  };
}

const addons: Readonly<Record<string, () => Promise<Addon>>> = {
  "ingress-nginx": async () =>
    (await import("../addons/ingress-nginx/ingress-nginx.ts")).ingressNginx,
  istio: async () => (await import("../addons/istio/istio.ts")).istio,
};

async function install(
  cluster: StartedCluster,
  name: string,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const load = addons[name];
  if (!load)
    throw new LabError("LAB_INVALID", `there is no add-on "${name}"`, {
      facts: { expected: Object.keys(addons), received: name },
    });
  const addon = await load();
  const context = { kubeConfig: cluster.kubeConfig, signal, onProgress };
  if (!(await addon.isInstalled(context))) await addon.install(context);
}
