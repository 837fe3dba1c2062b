import type { Addon, AddonContext } from "../addons/addon.ts";
import type { StartedCluster } from "../clusters/cluster.ts";
import { LabError } from "../errors/lab-error.ts";
import type { LabCluster } from "./lab-cluster.ts";

/** A cluster with its add-ons; what a run installed on somebody's cluster can be removed again. */
export interface ClusterWithAddons extends LabCluster {
  /** The versions of the add-ons that labs have asked for, by name. */
  addonVersions(): Promise<Readonly<Record<string, string>>>;
  /** Removes the add-ons that this run installed and may not leave. Harmless when called twice. */
  removeAddons(): Promise<void>;
}

/** A started cluster with the add-ons that labs ask for; each is installed once, whoever asks first. */
export function withAddons(cluster: StartedCluster): ClusterWithAddons {
  const installed = new Map<string, Promise<Provided>>();
  return {
    description: cluster.description,
    serverVersion: cluster.serverVersion,
    kubeConfig: cluster.kubeConfig,
    can: (capability) => cluster.can(capability),
    outside: (service) => cluster.outside(service),
    image: (reference) => cluster.image(reference),
    async addon(name, onProgress, signal) {
      const known = installed.get(name);
      const installing = known ?? provide(cluster, name, { onProgress, signal });
      if (!known) {
        installed.set(name, installing);
        // A failed installation may be tried again by the next lab.
        installing.catch(() => installed.delete(name));
      }
      await installing;
    },
    async addonVersions() {
      const known = [...installed].map(async ([name, one]) => [name, (await one).version] as const);
      const settled = await Promise.allSettled(known);
      return Object.fromEntries(
        settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])),
      );
    },
    async removeAddons() {
      if (cluster.addons !== "install-and-remove") return;
      const made = await Promise.allSettled(installed.values());
      installed.clear();
      const context = contextOf(cluster, { signal: AbortSignal.timeout(removeWithinMs) });
      for (const result of made.toReversed())
        if (result.status === "fulfilled") await result.value.installed?.uninstall(context);
    },
  };
}

const removeWithinMs = 300_000;

const addons: Readonly<Record<string, () => Promise<Addon>>> = {
  "ingress-nginx": async () =>
    (await import("../addons/ingress-nginx/ingress-nginx.ts")).ingressNginx,
  istio: async () => (await import("../addons/istio/istio.ts")).istio,
};

function contextOf(
  cluster: StartedCluster,
  options: Pick<AddonContext, "signal" | "onProgress">,
): AddonContext {
  return {
    kubeConfig: cluster.kubeConfig,
    outside: (service) => cluster.outside(service),
    wasLoaded: cluster.wasLoaded?.bind(cluster),
    ...options,
  };
}

interface Provided {
  readonly version: string;
  /** Where this run installed it. */
  readonly installed?: Addon;
}

/** Uses the add-on that is there, or installs it. */
async function provide(
  cluster: StartedCluster,
  name: string,
  options: { readonly onProgress: (text: string) => void; readonly signal: AbortSignal },
): Promise<Provided> {
  const load = addons[name];
  if (!load)
    throw new LabError("LAB_INVALID", `there is no add-on "${name}"`, {
      facts: { expected: Object.keys(addons), received: name },
    });
  const addon = await load();
  const context = contextOf(cluster, options);
  if (await addon.isInstalled(context)) {
    const version = (await addon.version(context)) ?? "unknown";
    options.onProgress(`${name} ${version} is there already`);
    return { version };
  }
  if (cluster.addons === "use")
    throw new LabError("ADDON_MISSING", `${cluster.description} has no working ${name}`);
  try {
    await addon.install(context);
  } catch (error) {
    if (cluster.addons === "install-and-remove")
      await addon.uninstall(contextOf(cluster, { signal: AbortSignal.timeout(removeWithinMs) }));
    throw error;
  }
  return { version: (await addon.version(context)) ?? "unknown", installed: addon };
}
