import type {
  Container,
  Lifecycle,
  PodSpec,
  Probe,
  ProjectedVolumeSource,
  Volume,
} from "kubernetes-types/core/v1";

const defaultMode = 0o644;

/** Fills in a pod's spec, or a template's, as Kubernetes does before it stores it. */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ??= "ClusterFirst";
  spec.restartPolicy ??= "Always";
  spec.schedulerName ??= "default-scheduler";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
  for (const container of containersOf(spec)) setContainerDefaults(container);
}

/** Init containers and containers, in the order in which they start. */
export function containersOf(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
}

function setContainerDefaults(container: Container): void {
  container.resources ??= {};
  container.terminationMessagePath ??= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  container.imagePullPolicy ??= pullPolicyFor(container.image ?? "");
  for (const port of container.ports ?? []) port.protocol ??= "TCP";
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ??= "v1";
    if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= "0";
  }
  setProbeDefaults(container.livenessProbe);
  setProbeDefaults(container.readinessProbe);
  setProbeDefaults(container.startupProbe);
  setLifecycleDefaults(container.lifecycle);
}

// Kubernetes: an image without a tag, or tagged latest, is pulled each time.
function pullPolicyFor(image: string): string {
  if (image.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

function setProbeDefaults(probe: Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) setHttpDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function setLifecycleDefaults(lifecycle: Lifecycle | undefined): void {
  if (lifecycle?.postStart?.httpGet) setHttpDefaults(lifecycle.postStart.httpGet);
  if (lifecycle?.preStop?.httpGet) setHttpDefaults(lifecycle.preStop.httpGet);
}

function setHttpDefaults(action: { path?: string; scheme?: string }): void {
  action.path ||= "/";
  action.scheme ??= "HTTP";
}

function setVolumeDefaults(volume: Volume): void {
  if (Object.keys(volume).length === 1) volume.emptyDir = {};
  if (volume.configMap) volume.configMap.defaultMode ??= defaultMode;
  if (volume.secret) volume.secret.defaultMode ??= defaultMode;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= defaultMode;
    setDownwardDefaults(volume.downwardAPI.items);
  }
  if (volume.projected) setProjectedDefaults(volume.projected);
}

function setProjectedDefaults(projected: ProjectedVolumeSource): void {
  projected.defaultMode ??= defaultMode;
  for (const source of projected.sources ?? []) {
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    setDownwardDefaults(source.downwardAPI?.items);
  }
}

function setDownwardDefaults(
  items: readonly { fieldRef?: { apiVersion?: string } }[] | undefined,
): void {
  for (const { fieldRef } of items ?? []) if (fieldRef) fieldRef.apiVersion ??= "v1";
}

/** A container that names limits and no requests requests what it is limited to. */
export function requestLimits(spec: PodSpec): void {
  for (const { resources } of containersOf(spec)) {
    if (!resources?.limits) continue;
    resources.requests = { ...resources.limits, ...resources.requests };
  }
}

/** Guaranteed, Burstable or BestEffort, by the containers' cpu and memory. */
export function qosClassOf(spec: PodSpec): string {
  let anything = false;
  let guaranteed = true;
  for (const { resources } of containersOf(spec)) {
    for (const name of ["cpu", "memory"]) {
      const limit = resources?.limits?.[name];
      const request = resources?.requests?.[name];
      if (limit !== undefined || request !== undefined) anything = true;
      if (limit === undefined || (request !== undefined && request !== limit)) guaranteed = false;
    }
  }
  if (!anything) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}
