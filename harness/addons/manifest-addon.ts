import { fileURLToPath } from "node:url";
import { LabError } from "../errors/lab-error.ts";
import { isNotFound } from "../kube/api-error.ts";
import { applyDocument } from "../kube/apply.ts";
import { Kube } from "../kube/kube.ts";
import { pathOf } from "../kube/kinds.ts";
import { type ManifestDocument, readManifest } from "../kube/manifest.ts";
import { systemClock } from "../time/clock.ts";
import type { Addon, AddonContext } from "./addon.ts";

/** An add-on that is a few manifests and the namespace they are in. */
export interface ManifestAddonOptions {
  /** As labs name it. */
  readonly name: string;
  readonly namespace: string;
  /** Applied in this order, removed in the reverse. */
  readonly manifests: readonly URL[];
  /** `deployment/x`: must be ready before the add-on is. */
  readonly deployments: readonly `deployment/${string}`[];
  /** `service/x`: must have an endpoint. */
  readonly services: readonly string[];
  /** Resolves once traffic flows through the add-on. @default it does when all is ready */
  readonly mustFlow?: (kube: Kube, context: AddonContext) => Promise<void>;
}

/** Installs and removes an add-on by its manifests. */
export function createManifestAddon(options: ManifestAddonOptions): Addon {
  const { name, namespace, deployments, services, mustFlow } = options;
  return {
    name,
    async isInstalled(context) {
      const kube = kubeFor(context, namespace);
      try {
        const found = await Promise.all(deployments.map((target) => kube.get(target)));
        return found.every(({ status, spec }) => {
          return (status?.readyReplicas ?? 0) >= (spec?.replicas ?? 1);
        });
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    },
    async install(context) {
      const kube = kubeFor(context, namespace);
      await mustBeEmbedded(kube, name);
      const { api, kinds } = kube;
      const { signal } = context;
      for (const document of await readAll(options))
        await applyDocument(document, {
          api,
          kinds,
          namespace: spaceOf(document, options),
          signal,
        });
      await kube.ready([...deployments, ...services]);
      await mustFlow?.(kube, context);
    },
    async uninstall(context) {
      const kube = kubeFor(context, namespace);
      for (const document of (await readAll(options)).toReversed())
        await remove(kube, document, options);
      while (await kube.exists(`namespace/${namespace}`))
        await systemClock.sleep(100, context.signal);
    },
  };
}

function kubeFor({ kubeConfig, signal, onProgress }: AddonContext, namespace: string): Kube {
  return new Kube({ kubeConfig, namespace, signal, ...(onProgress ? { onProgress } : {}) });
}

async function readAll({ manifests }: ManifestAddonOptions): Promise<readonly ManifestDocument[]> {
  return (await Promise.all(manifests.map((url) => readManifest(fileURLToPath(url))))).flat();
}

function spaceOf({ object }: ManifestDocument, { namespace }: ManifestAddonOptions): string {
  return object.metadata?.namespace ?? namespace;
}

/** The images here stand for the public ones on the embedded cluster only. */
async function mustBeEmbedded(kube: Kube, name: string): Promise<void> {
  const nodes = await kube.list("nodes");
  const runtime = nodes[0]?.status?.nodeInfo?.containerRuntimeVersion ?? "";
  if (runtime.startsWith("kubelab://")) return;
  throw new LabError(
    "NOT_SUPPORTED",
    `the add-on "${name}" can be installed on the embedded cluster only so far; this cluster's nodes run ${runtime}`,
    { advice: "Use --cluster embedded." },
  );
}

async function remove(
  kube: Kube,
  document: ManifestDocument,
  options: ManifestAddonOptions,
): Promise<void> {
  const { apiVersion = "", kind = "", metadata } = document.object;
  const served = await kube.kinds.byManifest(apiVersion, kind);
  if (!served) return;
  const path = pathOf(served, spaceOf(document, options), metadata?.name ?? "");
  try {
    await kube.api.request("DELETE", path, { body: { propagationPolicy: "Background" } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
