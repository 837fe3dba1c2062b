import type { Service } from "kubernetes-types/core/v1";

/**
 * The Docker-style variables of the Services that a new container finds: those of its namespace, and of the API server.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
export function serviceVariables(
  all: readonly Service[],
  namespace: string,
  enableServiceLinks: boolean,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const service of all) {
    const isApi =
      service.metadata?.namespace === "default" && service.metadata.name === "kubernetes";
    const isNear = enableServiceLinks && service.metadata?.namespace === namespace;
    if (isApi || isNear) Object.assign(variables, variablesOf(service));
  }
  return variables;
}

function variablesOf({ metadata, spec }: Service): Record<string, string> {
  const ip = spec?.clusterIP;
  const ports = spec?.ports ?? [];
  const [first] = ports;
  if (!ip || ip === "None" || !first) return {};
  const prefix = toVariableName(metadata?.name ?? "");
  const variables: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: ip,
    [`${prefix}_SERVICE_PORT`]: String(first.port),
    [`${prefix}_PORT`]: `${(first.protocol ?? "TCP").toLowerCase()}://${ip}:${first.port}`,
  };
  for (const { name, port, protocol = "TCP" } of ports) {
    if (name) variables[`${prefix}_SERVICE_PORT_${toVariableName(name)}`] = String(port);
    const portPrefix = `${prefix}_PORT_${port}_${protocol}`;
    variables[portPrefix] = `${protocol.toLowerCase()}://${ip}:${port}`;
    variables[`${portPrefix}_PROTO`] = protocol.toLowerCase();
    variables[`${portPrefix}_PORT`] = String(port);
    variables[`${portPrefix}_ADDR`] = ip;
  }
  return variables;
}

function toVariableName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}
