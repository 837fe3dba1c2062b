import { fileURLToPath } from "node:url";
import { applyDocument } from "../kube/apply.ts";
import type { Kube } from "../kube/kube.ts";
import { type ManifestDocument, readManifest } from "../kube/manifest.ts";
import type { Addon, AddonContext } from "./addon.ts";
import { addonLabel, isOurs, mustBeFree } from "./own-namespace.ts";
import { areReady, kubeFor, namespaceGone, remove, versionOf } from "./in-cluster.ts";

/** An add-on that is a few manifests and the namespace they are in. */
export interface ManifestAddonOptions {
  /** As labs name it. */
  readonly name: string;
  readonly namespace: string;
  /** Applied in this order, removed in the reverse. */
  readonly manifests: readonly URL[];
  /** Must be ready before the add-on is; the first one's image tells the version. */
  readonly deployments: readonly [`deployment/${string}`, ...`deployment/${string}`[]];
  /** `service/x`: must have an endpoint. */
  readonly services: readonly string[];
  /** Changes an image's name to the one this cluster's nodes have or can pull. @default as it is written */
  readonly image?: (reference: string, kube: Kube, context: AddonContext) => Promise<string>;
  /** Resolves once traffic flows through the add-on. */
  readonly mustFlow: (context: AddonContext) => Promise<void>;
}

/** Installs and removes an add-on by its manifests. */
export function createManifestAddon(options: ManifestAddonOptions): Addon {
  const { name, namespace, deployments, services, mustFlow } = options;
  return {
    name,
    isInstalled: (context) => areReady(kubeFor(context, namespace), deployments),
    version: (context) => versionOf(kubeFor(context, namespace), deployments[0]),
    async install(context) {
      const kube = kubeFor(context, namespace);
      const { api, kinds } = kube;
      const { signal } = context;
      await mustBeFree(kube, namespace, name);
      for (const document of await readAll(options))
        await applyDocument(await adapted(document, options, kube, context), {
          api,
          kinds,
          namespace: document.object.metadata?.namespace ?? namespace,
          signal,
        });
      await kube.ready([...deployments, ...services]);
      await mustFlow(context);
    },
    async uninstall(context) {
      const kube = kubeFor(context, namespace);
      if (!(await isOurs(kube, namespace, name))) return;
      for (const { object } of (await readAll(options)).toReversed())
        await remove(kube, object, namespace);
      await namespaceGone(kube, namespace, context.signal);
    },
  };
}

async function readAll({ manifests }: ManifestAddonOptions): Promise<readonly ManifestDocument[]> {
  return (await Promise.all(manifests.map((url) => readManifest(fileURLToPath(url))))).flat();
}

interface Workload {
  readonly template?: { readonly spec?: { readonly containers?: { image: string }[] } };
}

/** The object for this cluster: images that its nodes can have, and the namespace marked as ours. */
async function adapted(
  document: ManifestDocument,
  { name, image }: ManifestAddonOptions,
  kube: Kube,
  context: AddonContext,
): Promise<ManifestDocument> {
  const { metadata } = document.object;
  if (document.object.kind === "Namespace") {
    const labels = { ...metadata?.labels, [addonLabel]: name };
    return { ...document, object: { ...document.object, metadata: { ...metadata, labels } } };
  }
  if (!image) return document;
  const object = structuredClone(document.object);
  for (const container of (object.spec as Workload | undefined)?.template?.spec?.containers ?? [])
    container.image = await image(container.image, kube, context);
  return { ...document, object };
}
