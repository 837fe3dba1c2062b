import type {
  ConfigMapVolumeSource,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  SecretVolumeSource,
  ServiceAccountTokenProjection,
  Volume,
} from "kubernetes-types/core/v1";
import type { VolumeFile } from "./atomic-directory.ts";
import type { ConfigSource } from "./environment.ts";
import { fieldValue, resourceValue, type PodFacts } from "./field-refs.ts";

/** Where the content of volumes comes from. */
export interface VolumeSources extends ConfigSource {
  /** A ServiceAccount token bound to the pod. */
  token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string>;
}

/** The volume cannot be set up now; kubectl shows the message in a FailedMount event. */
export class VolumeError extends Error {}

/** The files of a volume that is made of API objects; undefined for other kinds of volume. */
export async function contentOf(
  volume: Volume,
  facts: PodFacts,
  sources: VolumeSources,
): Promise<readonly VolumeFile[] | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return configMapFiles(configMap, facts, sources, configMap.defaultMode);
  if (secret)
    return secretFiles({ ...secret, name: secret.secretName }, facts, sources, secret.defaultMode);
  if (downwardAPI) return downwardFiles(downwardAPI.items, facts, downwardAPI.defaultMode);
  if (!projected) return undefined;
  const files: VolumeFile[] = [];
  const mode = projected.defaultMode;
  for (const source of projected.sources ?? []) {
    const { serviceAccountToken } = source;
    if (source.configMap)
      files.push(...(await configMapFiles(source.configMap, facts, sources, mode)));
    else if (source.secret) files.push(...(await secretFiles(source.secret, facts, sources, mode)));
    else if (source.downwardAPI)
      files.push(...downwardFiles(source.downwardAPI.items, facts, mode));
    else if (serviceAccountToken) {
      const token = await sources.token(facts.pod, serviceAccountToken);
      // Kubernetes makes tokens readable by their owner alone unless the pod runs as another user.
      files.push(toFile(serviceAccountToken.path, Buffer.from(token), mode));
    } else
      throw new VolumeError(
        `projected source ${Object.keys(source).join(", ")} is not supported here`,
      );
  }
  return files;
}

async function configMapFiles(
  { name = "", items, optional }: Pick<ConfigMapVolumeSource, "name" | "items" | "optional">,
  { pod }: PodFacts,
  sources: VolumeSources,
  mode: number | undefined,
): Promise<VolumeFile[]> {
  const namespace = pod.metadata?.namespace ?? "";
  const object = await sources.configMap(namespace, name);
  if (!object && !optional) throw new VolumeError(`configmap "${name}" not found`);
  const data = new Map<string, Buffer>();
  for (const [key, text] of Object.entries(object?.data ?? {})) data.set(key, Buffer.from(text));
  for (const [key, text] of Object.entries(object?.binaryData ?? {}))
    data.set(key, Buffer.from(text, "base64"));
  return select(data, items, optional, mode, "configmap");
}

async function secretFiles(
  {
    name = "",
    items,
    optional,
  }: Pick<SecretVolumeSource, "items" | "optional"> & { name?: string | undefined },
  { pod }: PodFacts,
  sources: VolumeSources,
  mode: number | undefined,
): Promise<VolumeFile[]> {
  const object = await sources.secret(pod.metadata?.namespace ?? "", name);
  if (!object && !optional) throw new VolumeError(`secret "${name}" not found`);
  const entries = Object.entries(object?.data ?? {});
  const data = new Map(entries.map(([key, text]) => [key, Buffer.from(text, "base64")]));
  return select(data, items, optional, mode, "secret");
}

function select(
  data: ReadonlyMap<string, Buffer>,
  items: readonly KeyToPath[] | undefined,
  optional: boolean | undefined,
  defaultMode: number | undefined,
  kind: "configmap" | "secret",
): VolumeFile[] {
  if (!items) return [...data].map(([key, content]) => toFile(key, content, defaultMode));
  return items.flatMap(({ key, path, mode }) => {
    const content = data.get(key);
    if (content) return [toFile(path, content, mode ?? defaultMode)];
    if (optional) return [];
    // Kubernetes: https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/configmap/configmap.go has other words than secret.go.
    const missing =
      kind === "configmap"
        ? "configmap references non-existent config key"
        : "references non-existent secret key";
    throw new VolumeError(`${missing}: ${key}`);
  });
}

function downwardFiles(
  items: readonly DownwardAPIVolumeFile[] | undefined,
  facts: PodFacts,
  defaultMode: number | undefined,
): VolumeFile[] {
  return (items ?? []).map(({ path, mode, fieldRef, resourceFieldRef }) => {
    if (fieldRef)
      return toFile(path, Buffer.from(fieldValue(fieldRef.fieldPath, facts)), mode ?? defaultMode);
    const container = facts.pod.spec?.containers.find(
      ({ name }) => name === resourceFieldRef?.containerName,
    );
    if (!resourceFieldRef || !container)
      throw new VolumeError(`downwardAPI item ${path} names no source`);
    return toFile(
      path,
      Buffer.from(resourceValue(resourceFieldRef, container)),
      mode ?? defaultMode,
    );
  });
}

function toFile(path: string, content: Buffer, mode: number | undefined): VolumeFile {
  return { path, content, mode: mode ?? 0o644 };
}
