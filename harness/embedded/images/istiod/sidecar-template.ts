import type { Container, EnvVar, Pod, ResourceRequirements } from "kubernetes-types/core/v1";
import type { AppProbes } from "./app-probes.ts";

/** What the template fills in that is not in the pod. */
export interface SidecarOptions {
  readonly image: string;
  readonly namespace: string;
  readonly workload: string;
  /** The pod's labels as they will be. */
  readonly labels: Readonly<Record<string, string>>;
  readonly probes: AppProbes;
}

const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The proxy as a native sidecar: an init container that keeps running. */
export function createSidecar(pod: Pod, options: SidecarOptions): Container {
  const annotations = pod.metadata?.annotations ?? {};
  // Admission gave the app's containers their token before the webhook ran.
  const token = pod.spec?.containers
    .flatMap((container) => container.volumeMounts ?? [])
    .find((mount) => mount.mountPath === tokenPath);
  return {
    name: "istio-proxy",
    image: annotations["sidecar.istio.io/proxyImage"] ?? options.image,
    args: [
      "proxy",
      "sidecar",
      "--domain",
      "$(POD_NAMESPACE).svc.cluster.local",
      "--proxyLogLevel=warning",
    ],
    ports: [{ name: "http-envoy-prom", containerPort: 15090, protocol: "TCP" }],
    env: environment(pod, options),
    resources: resources(annotations),
    restartPolicy: "Always",
    startupProbe: {
      httpGet: { path: "/healthz/ready", port: 15021 },
      periodSeconds: 1,
      timeoutSeconds: 3,
      failureThreshold: 600,
    },
    readinessProbe: {
      httpGet: { path: "/healthz/ready", port: 15021 },
      periodSeconds: 15,
      timeoutSeconds: 3,
      failureThreshold: 4,
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: 1337,
      runAsNonRoot: true,
      runAsUser: 1337,
    },
    ...(token ? { volumeMounts: [token] } : {}),
  };
}

function environment(pod: Pod, options: SidecarOptions): EnvVar[] {
  const annotations = pod.metadata?.annotations ?? {};
  const field = (name: string, fieldPath: string): EnvVar => ({
    name,
    valueFrom: { fieldRef: { fieldPath } },
  });
  const ports = (name: string, annotation: string): EnvVar[] => {
    const value = annotations[`traffic.sidecar.istio.io/${annotation}`];
    return value ? [{ name, value }] : [];
  };
  return [
    field("POD_NAME", "metadata.name"),
    field("POD_NAMESPACE", "metadata.namespace"),
    field("INSTANCE_IP", "status.podIP"),
    field("SERVICE_ACCOUNT", "spec.serviceAccountName"),
    { name: "CA_ADDR", value: "istiod.istio-system.svc:15012" },
    { name: "ISTIO_META_WORKLOAD_NAME", value: options.workload },
    { name: "ISTIO_METAJSON_LABELS", value: JSON.stringify(options.labels) },
    { name: "ISTIO_KUBE_APP_PROBERS", value: JSON.stringify(options.probes) },
    ...ports("ISTIO_EXCLUDE_INBOUND_PORTS", "excludeInboundPorts"),
    ...ports("ISTIO_EXCLUDE_OUTBOUND_PORTS", "excludeOutboundPorts"),
  ];
}

function resources(annotations: Readonly<Record<string, string>>): ResourceRequirements {
  const of = (name: string, standard: string): string =>
    annotations[`sidecar.istio.io/${name}`] ?? standard;
  return {
    requests: { cpu: of("proxyCPU", "10m"), memory: of("proxyMemory", "40Mi") },
    limits: { cpu: of("proxyCPULimit", "2"), memory: of("proxyMemoryLimit", "1Gi") },
  };
}
