import type { ConfigMap, Container, EnvVar, Secret } from "kubernetes-types/core/v1";
import { fieldValue, resourceValue, type PodFacts } from "./field-refs.ts";
import { expandVariables } from "./variable-expansion.ts";

/** Reads the ConfigMaps and Secrets that a pod refers to; undefined where there is none. */
export interface ConfigSource {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
}

/** The container cannot be configured as it is written: kubectl shows CreateContainerConfigError. */
export class ContainerConfigError extends Error {}

/** What the container's `env` and `envFrom` say, in the kubelet's order and precedence. */
export async function buildEnvironment(
  container: Container,
  facts: PodFacts,
  source: ConfigSource,
  serviceVariables: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const namespace = facts.pod.metadata?.namespace ?? "";
  const variables: Record<string, string> = {};
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const data = configMapRef
      ? await configData(source, namespace, configMapRef.name, configMapRef.optional)
      : secretRef
        ? await secretData(source, namespace, secretRef.name, secretRef.optional)
        : {};
    for (const [key, value] of Object.entries(data)) variables[prefix + key] = value;
  }
  const lookUp = (name: string): string | undefined => variables[name] ?? serviceVariables[name];
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, container, facts, source, lookUp);
    if (value !== undefined) variables[variable.name] = value;
  }
  return { ...serviceVariables, ...variables };
}

async function valueOf(
  { name, value, valueFrom }: EnvVar,
  container: Container,
  facts: PodFacts,
  source: ConfigSource,
  lookUp: (name: string) => string | undefined,
): Promise<string | undefined> {
  if (!valueFrom) return expandVariables(value ?? "", lookUp);
  const namespace = facts.pod.metadata?.namespace ?? "";
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef) return fieldValue(fieldRef.fieldPath, facts);
  if (resourceFieldRef)
    return resourceValue(
      resourceFieldRef,
      containerNamed(resourceFieldRef.containerName, container, facts),
    );
  if (configMapKeyRef) {
    const { name: from, key, optional } = configMapKeyRef;
    const data = await configData(source, namespace, from, optional);
    return keyOf(data, key, optional, `ConfigMap ${namespace}/${from}`);
  }
  if (secretKeyRef) {
    const { name: from, key, optional } = secretKeyRef;
    const data = await secretData(source, namespace, from, optional);
    return keyOf(data, key, optional, `Secret ${namespace}/${from}`);
  }
  throw new ContainerConfigError(
    `env ${name}: valueFrom names a source that is not supported here`,
  );
}

function containerNamed(name: string | undefined, self: Container, { pod }: PodFacts): Container {
  if (!name || name === self.name) return self;
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const found = all.find((container) => container.name === name);
  if (!found) throw new ContainerConfigError(`container ${name} not found`);
  return found;
}

function keyOf(
  data: Readonly<Record<string, string>>,
  key: string,
  optional: boolean | undefined,
  owner: string,
): string | undefined {
  if (Object.hasOwn(data, key)) return data[key];
  if (optional) return undefined;
  throw new ContainerConfigError(`couldn't find key ${key} in ${owner}`);
}

async function configData(
  source: ConfigSource,
  namespace: string,
  name: string | undefined,
  optional: boolean | undefined,
): Promise<Record<string, string>> {
  const object = await source.configMap(namespace, name ?? "");
  if (!object && !optional) throw new ContainerConfigError(`configmap "${name}" not found`);
  return object?.data ?? {};
}

async function secretData(
  source: ConfigSource,
  namespace: string,
  name: string | undefined,
  optional: boolean | undefined,
): Promise<Record<string, string>> {
  const object = await source.secret(namespace, name ?? "");
  if (!object && !optional) throw new ContainerConfigError(`secret "${name}" not found`);
  return Object.fromEntries(
    Object.entries(object?.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, "base64").toString("utf8"),
    ]),
  );
}
