import { isNotFound } from "../kube/api-error.ts";
import { Kube } from "../kube/kube.ts";
import { pathOf } from "../kube/kinds.ts";
import type { KubeObject } from "../kube/object.ts";
import { systemClock } from "../time/clock.ts";
import type { AddonContext } from "./addon.ts";

/** The cluster's API, for objects of the add-on's namespace. */
export function kubeFor({ kubeConfig, signal, onProgress }: AddonContext, namespace: string): Kube {
  return new Kube({ kubeConfig, namespace, signal, ...(onProgress ? { onProgress } : {}) });
}

/** Whether the nodes have the stand-ins for public images, as the embedded cluster's nodes do. */
export async function hasStandIns(kube: Kube): Promise<boolean> {
  const nodes = await kube.list("nodes");
  const runtime = nodes[0]?.status?.nodeInfo?.containerRuntimeVersion ?? "";
  return runtime.startsWith("kubelab://");
}

/** Whether every Deployment is there with all its replicas ready. */
export async function areReady(
  kube: Kube,
  deployments: readonly `deployment/${string}`[],
): Promise<boolean> {
  try {
    const found = await Promise.all(deployments.map((target) => kube.get(target)));
    return found.every(({ status, spec }) => (status?.readyReplicas ?? 0) >= (spec?.replicas ?? 1));
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** The tag of the first container's image of a Deployment; undefined where there is no such Deployment. */
export async function versionOf(
  kube: Kube,
  deployment: `deployment/${string}`,
): Promise<string | undefined> {
  try {
    const { spec } = await kube.get(deployment);
    const image = spec?.template?.spec?.containers[0]?.image ?? "";
    return /:([^:/@]+)(@|$)/.exec(image)?.[1] ?? "unknown";
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Deletes an object by what its manifest names; harmless where it, or its kind, is not there. */
export async function remove(kube: Kube, object: KubeObject, namespace: string): Promise<void> {
  const { apiVersion = "", kind = "", metadata } = object;
  const served = await kube.kinds.byManifest(apiVersion, kind);
  if (!served) return;
  const path = pathOf(served, metadata?.namespace ?? namespace, metadata?.name ?? "");
  try {
    await kube.api.request("DELETE", path, { body: { propagationPolicy: "Background" } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Resolves when the namespace is gone. */
export async function namespaceGone(
  kube: Kube,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  while (await kube.exists(`namespace/${namespace}`)) await systemClock.sleep(100, signal);
}
