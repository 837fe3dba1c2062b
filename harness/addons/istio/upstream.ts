import { readFile } from "node:fs/promises";
import { isNotFound } from "../../kube/api-error.ts";
import type { KubeList, KubeObject } from "../../kube/object.ts";
import type { AddonContext } from "../addon.ts";
import { kubeFor, namespaceGone, remove } from "../in-cluster.ts";
import { addonLabel, isOurs, mustBeFree } from "../own-namespace.ts";
import { type Installer, runInstaller } from "../installer-job.ts";

const namespace = "istio-system";
const hub = "docker.io/istio";
const tag = "1.31.0";
const image = `${hub}/istioctl:${tag}`;

/** Istio itself, by its own installer in the cluster: charts and profiles are inside that image. */
export async function installUpstream(context: AddonContext): Promise<void> {
  const kube = kubeFor(context, namespace);
  await mustBeFree(kube, namespace, "istio");
  if (!(await kube.exists(`namespace/${namespace}`)))
    await kube.api.request("POST", "/api/v1/namespaces", { body: ownNamespace });
  const operator = await readFile(new URL("small-machine.yaml", import.meta.url), "utf8");
  await runInstaller(
    {
      ...installer,
      args: [
        "install",
        "-y",
        "--set",
        `hub=${hub}`,
        "--set",
        `tag=${tag}`,
        "-f",
        "/config/operator.yaml",
        "--readiness-timeout",
        "8m",
      ],
      files: { "operator.yaml": operator },
    },
    context,
  );
}

const ownNamespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: namespace, labels: { [addonLabel]: "istio" } },
};

const installer: Omit<Installer, "args"> = { name: "istio", image };

/** Removes Istio with its custom kinds and its namespace. */
export async function uninstallUpstream(context: AddonContext): Promise<void> {
  const kube = kubeFor(context, namespace);
  if (!(await isOurs(kube, namespace, "istio"))) return;
  await runInstaller({ ...installer, args: ["uninstall", "--purge", "-y"] }, context);
  for (const object of await customKinds(context)) await remove(kube, object, namespace);
  // istioctl leaves the namespace, and istiod what it writes into every other one.
  await remove(kube, ownNamespace, "");
  await namespaceGone(kube, namespace, context.signal);
  for (const object of await rootCertificates(context)) await remove(kube, object, namespace);
}

async function customKinds(context: AddonContext): Promise<readonly KubeObject[]> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const found = await list(context, path);
  return found
    .filter(({ metadata }) => metadata?.name?.endsWith(".istio.io"))
    .map(({ metadata }) => ({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata,
    }));
}

async function rootCertificates(context: AddonContext): Promise<readonly KubeObject[]> {
  const found = await list(context, "/api/v1/configmaps");
  return found
    .filter(({ metadata }) => metadata?.name === "istio-ca-root-cert")
    .map(({ metadata }) => ({ apiVersion: "v1", kind: "ConfigMap", metadata }));
}

/** The objects of a kind in all namespaces; none where the cluster has no such kind. */
async function list(context: AddonContext, path: string): Promise<readonly KubeObject[]> {
  const { api } = kubeFor(context, namespace);
  try {
    const { items } = await api.request<KubeList<KubeObject>>("GET", path, {
      signal: context.signal,
    });
    return items;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
