import { fileURLToPath } from "node:url";
import { LabError } from "../../errors/lab-error.ts";
import { isNotFound } from "../../kube/api-error.ts";
import { applyDocument } from "../../kube/apply.ts";
import { Kube } from "../../kube/kube.ts";
import { pathOf } from "../../kube/kinds.ts";
import { type ManifestDocument, readManifest } from "../../kube/manifest.ts";
import { systemClock } from "../../time/clock.ts";
import type { Addon, AddonContext } from "../addon.ts";

const namespace = "istio-system";
const deployments = ["deployment/istiod", "deployment/istio-ingressgateway"];
const manifests = ["control-plane.yaml", "ingress-gateway.yaml"];

/** Istio with an ingress gateway: injects sidecars into namespaces labelled istio-injection=enabled. */
export const istio: Addon = {
  name: "istio",
  async isInstalled(context) {
    const kube = kubeFor(context);
    try {
      const found = await Promise.all(deployments.map((name) => kube.get(name as "deployment/x")));
      return found.every(
        ({ status, spec }) => (status?.readyReplicas ?? 0) >= (spec?.replicas ?? 1),
      );
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  },
  async install(context) {
    const kube = kubeFor(context);
    await mustBeEmbedded(kube);
    for (const document of await readAll()) {
      const { api, kinds } = kube;
      await applyDocument(document, { api, kinds, ...spaceOf(document), signal: context.signal });
    }
    await kube.ready(deployments);
    await kube.ready(["service/istiod", "service/istio-ingressgateway"]);
  },
  async uninstall(context) {
    const kube = kubeFor(context);
    for (const document of (await readAll()).toReversed()) await remove(kube, document);
    while (await kube.exists("namespace/istio-system")) {
      await systemClock.sleep(100, context.signal);
    }
  },
};

function kubeFor({ kubeConfig, signal, onProgress }: AddonContext): Kube {
  return new Kube({ kubeConfig, namespace, signal, ...(onProgress ? { onProgress } : {}) });
}

async function readAll(): Promise<readonly ManifestDocument[]> {
  const files = manifests.map((name) => fileURLToPath(new URL(name, import.meta.url)));
  return (await Promise.all(files.map((file) => readManifest(file)))).flat();
}

function spaceOf(document: ManifestDocument): { readonly namespace: string } {
  return { namespace: document.object.metadata?.namespace ?? namespace };
}

/** The images here stand for Istio's on the embedded cluster only. */
async function mustBeEmbedded(kube: Kube): Promise<void> {
  const nodes = await kube.list("nodes");
  const runtime = nodes[0]?.status?.nodeInfo?.containerRuntimeVersion ?? "";
  if (runtime.startsWith("kubelab://")) return;
  throw new LabError(
    "NOT_SUPPORTED",
    `the add-on "istio" can be installed on the embedded cluster only so far; this cluster's nodes run ${runtime}`,
    { advice: "Use --cluster embedded." },
  );
}

async function remove(kube: Kube, document: ManifestDocument): Promise<void> {
  const { apiVersion = "", kind = "", metadata } = document.object;
  const served = await kube.kinds.byManifest(apiVersion, kind);
  if (!served) return;
  const path = pathOf(served, spaceOf(document).namespace, metadata?.name ?? "");
  try {
    await kube.api.request("DELETE", path, { body: { propagationPolicy: "Background" } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
