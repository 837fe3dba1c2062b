import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { LabError } from "../errors/lab-error.ts";
import { applyDocument } from "../kube/apply.ts";
import { isNotFound } from "../kube/api-error.ts";
import { pathOf } from "../kube/kinds.ts";
import { type ManifestDocument, readManifest } from "../kube/manifest.ts";
import type { KubeObject } from "../kube/object.ts";
import type { RunContext } from "./run-context.ts";
import { isTrafficRule, withMarker } from "./rule-marker.ts";
import { sabotageObjects } from "./sabotage-patch.ts";

export interface PlaceOptions {
  /** Another namespace of the lab. */
  readonly space?: string;
}

/** Applies one of the lab's manifests, with what the run's sabotage or fault changes in it. */
export async function applyManifest(
  context: RunContext,
  name: string,
  { space }: PlaceOptions,
): Promise<void> {
  const file = join(context.manifests, name);
  const shown = relative(process.cwd(), file);
  const documents = await readManifest(file);
  const text = withoutSecrets(await readFile(file, "utf8"), documents);
  const inSpace = space === undefined ? "" : ` -n ${context.kube.namespaceOf(space)}`;
  context.command(`kubectl apply${inSpace} -f ${shown}`, text);
  for (const document of changed(context, name, documents)) {
    const object = await onThisCluster(
      context,
      sign(context, context.names.apply(document.object)),
    );
    await applyDocument(
      { ...document, object },
      {
        api: context.kube.api,
        kinds: context.kube.kinds,
        namespace: context.kube.namespaceOf(space),
        signal: context.signal,
      },
    );
  }
}

/** A manifest's text as it may be shown: what its Secrets hold stays in the file. */
function withoutSecrets(text: string, documents: readonly ManifestDocument[]): string {
  const secrets = documents.filter(({ object }) => object.kind === "Secret");
  const values = secrets.flatMap(({ object }) =>
    [object["data"], object["stringData"]].flatMap((data) => Object.values(data ?? {}).map(String)),
  );
  return values.reduce(
    (shown, value) => (value === "" ? shown : shown.replaceAll(value, "‹hidden›")),
    text,
  );
}

/** Deletes what a manifest holds, or one object by `kind/name`. */
export async function removeManifest(
  context: RunContext,
  name: string,
  { space }: PlaceOptions,
): Promise<void> {
  if (!/\.ya?ml$/.test(name)) return context.kube.delete(name);
  const file = join(context.manifests, name);
  context.command(`kubectl delete -f ${relative(process.cwd(), file)}`);
  for (const { object } of await readManifest(file)) await deleteObject(context, object, space);
}

async function deleteObject(
  context: RunContext,
  object: KubeObject,
  space: string | undefined,
): Promise<void> {
  const { kube } = context;
  const key = `${object.kind}/${object.metadata?.name}`;
  const kind = await kube.kinds.byManifest(object.apiVersion ?? "", object.kind ?? "");
  if (!kind) return;
  context.rules = context.rules.filter((rule) => rule.object !== key);
  const path = pathOf(kind, kube.namespaceOf(space), object.metadata?.name);
  const body = { propagationPolicy: "Background" };
  try {
    await kube.api.request("DELETE", path, { body, signal: context.signal });
    for (;;) {
      await kube.api.request("GET", path, { signal: context.signal });
      await context.clock.sleep(100, context.signal);
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function changed(
  context: RunContext,
  name: string,
  documents: readonly ManifestDocument[],
): readonly ManifestDocument[] {
  const { sabotage, fault } = context.options;
  const rules = documents.filter(({ object }) => isTrafficRule(object));
  if (rules.length > 0) context.underRule = true;
  if (fault === "no-rules") return documents.filter((document) => !rules.includes(document));
  if (sabotage?.in !== name) return documents;
  const objects = sabotageObjects(
    documents.map(({ object }) => object),
    sabotage,
  );
  const original = documents[0];
  if (!original) throw new LabError("LAB_SABOTAGE_INVALID", `${name} is empty`);
  // Left-out objects take their documents with them; changed ones stand at the same place.
  if (sabotage.leaveOut) return documents.filter(({ object }) => objects.includes(object));
  return documents.map((document, index) => ({
    ...document,
    object: objects[index] ?? document.object,
  }));
}

/** Lets a rule sign its answers and remembers it as the one in force. */
function sign(context: RunContext, object: KubeObject): KubeObject {
  if (!isTrafficRule(object)) return object;
  const key = `${object.kind}/${object.metadata?.name}`;
  const marked = withMarker(
    object,
    `${context.runId}-${context.rules.length + 1}-${context.stepNumber}`,
  );
  const others = context.rules.filter((rule) => rule.object !== key);
  context.rules = marked.rule ? [...others, marked.rule] : others;
  return marked.object;
}

interface PodSpec {
  readonly containers?: readonly { readonly image?: string }[];
  readonly initContainers?: readonly { readonly image?: string }[];
}

/** The object with the images that this cluster has for those that the labs name. */
async function onThisCluster(context: RunContext, object: KubeObject): Promise<KubeObject> {
  if (object.kind === "Pod")
    return { ...object, spec: await withImages(context, object.spec ?? {}) };
  const template = object.spec?.["template"] as { spec?: PodSpec } | undefined;
  if (!template?.spec?.containers) return object;
  const spec = await withImages(context, template.spec);
  return { ...object, spec: { ...object.spec, template: { ...template, spec } } };
}

async function withImages<S extends PodSpec>(context: RunContext, spec: S): Promise<S> {
  const onCluster = async (container: { readonly image?: string }) =>
    typeof container.image === "string"
      ? { ...container, image: await context.options.cluster.image(container.image) }
      : container;
  const all = async (list: PodSpec["containers"]) =>
    Array.isArray(list) ? Promise.all(list.map(onCluster)) : list;
  const [containers, initContainers] = await Promise.all([
    all(spec.containers),
    all(spec.initContainers),
  ]);
  return {
    ...spec,
    ...(containers === undefined ? {} : { containers }),
    ...(initContainers === undefined ? {} : { initContainers }),
  };
}
