import type { Container, Pod } from "kubernetes-types/core/v1";

type Fields = Readonly<Record<string, unknown>>;

/** The field of the pod that this kubelet cannot honour though it would change behaviour; undefined where there is none. */
export function refusedPodField(pod: Pod): string | undefined {
  const spec = (pod.spec ?? {}) as unknown as Fields;
  for (const name of ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"])
    if (spec[name] === true) return `spec.${name}`;
  for (const name of [
    "runtimeClassName",
    "ephemeralContainers",
    "resourceClaims",
    "hostnameOverride",
  ])
    if (spec[name] !== undefined && !isEmpty(spec[name])) return `spec.${name}`;
  return undefined;
}

/** As `refusedPodField`, for one container. */
export function refusedContainerField(container: Container, isInit: boolean): string | undefined {
  const fields = container as unknown as Fields;
  const security = (container.securityContext ?? {}) as Fields;
  if (security["privileged"] === true) return "securityContext.privileged";
  if (!isEmpty(fields["volumeDevices"] ?? [])) return "volumeDevices";
  if (!isEmpty(fields["restartPolicyRules"] ?? [])) return "restartPolicyRules";
  if (container.restartPolicy !== undefined && (!isInit || container.restartPolicy !== "Always"))
    return "restartPolicy";
  if ((container.lifecycle as Fields | undefined)?.["stopSignal"] !== undefined)
    return "lifecycle.stopSignal";
  for (const kind of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    if (container[kind]?.httpGet?.host) return `${kind}.httpGet.host`;
    if (container[kind]?.tcpSocket?.host) return `${kind}.tcpSocket.host`;
  }
  for (const kind of ["postStart", "preStop"] as const) {
    if (container.lifecycle?.[kind]?.tcpSocket) return `lifecycle.${kind}.tcpSocket`;
    if (container.lifecycle?.[kind]?.httpGet?.host) return `lifecycle.${kind}.httpGet.host`;
  }
  return undefined;
}

/** The sentence that events and statuses carry. */
export function refusalOf(field: string): string {
  return `${field} is not supported by the embedded cluster`;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
