import type { Pod } from "kubernetes-types/core/v1";
import { type AppProbes, rewriteProbes } from "./app-probes.ts";
import { needsSidecar } from "./injection-policy.ts";
import { createSidecar } from "./sidecar-template.ts";

/** One step of a JSON Patch. */
export interface PatchOperation {
  readonly op: "add";
  readonly path: string;
  readonly value: unknown;
}

export interface InjectOptions {
  readonly image: string;
  readonly namespace: string;
}

// Istio refuses what it cannot do as asked; these annotations change what is injected.
const unbuiltAnnotations = [
  "sidecar.istio.io/nativeSidecar",
  "sidecar.istio.io/interceptionMode",
  "sidecar.istio.io/bootstrapOverride",
  "inject.istio.io/templates",
  "proxy.istio.io/config",
  "traffic.sidecar.istio.io/includeInboundPorts",
  "traffic.sidecar.istio.io/includeOutboundPorts",
  "traffic.sidecar.istio.io/includeOutboundIPRanges",
  "traffic.sidecar.istio.io/excludeOutboundIPRanges",
];

/** The annotation that asks for something which is not built, if the pod carries one. */
export function unbuiltAnnotation(pod: Pod): string | undefined {
  const annotations = pod.metadata?.annotations ?? {};
  return unbuiltAnnotations.find((name) => annotations[name] !== undefined);
}

/** What makes a pod one of the mesh; undefined where it stays as it is. */
export function inject(pod: Pod, options: InjectOptions): readonly PatchOperation[] | undefined {
  if (!needsSidecar(pod, options.namespace)) return undefined;
  const workload = workloadOf(pod);
  const labels = meshLabels(pod, workload);
  const probes: AppProbes = {};
  const containers = pod.spec?.containers ?? [];
  const rewrites = pod.metadata?.annotations?.["sidecar.istio.io/rewriteAppHTTPProbers"];
  const rewritten =
    rewrites === "false"
      ? containers
      : containers.map((container) => rewriteProbes(container, probes));
  const sidecar = createSidecar(pod, { ...options, workload, labels, probes });
  return [
    { op: "add", path: "/metadata/labels", value: labels },
    { op: "add", path: "/metadata/annotations", value: meshAnnotations(pod) },
    { op: "add", path: "/spec/containers", value: rewritten },
    // First, so that the pod's own init containers are in the mesh already.
    {
      op: "add",
      path: "/spec/initContainers",
      value: [sidecar, ...(pod.spec?.initContainers ?? [])],
    },
  ];
}

/** A Deployment's name from its ReplicaSet's pods, as Istio tells workloads apart. */
function workloadOf(pod: Pod): string {
  const owner = pod.metadata?.ownerReferences?.find((reference) => reference.controller);
  const hash = pod.metadata?.labels?.["pod-template-hash"];
  if (owner?.kind === "ReplicaSet" && hash && owner.name.endsWith(`-${hash}`)) {
    return owner.name.slice(0, -hash.length - 1);
  }
  return owner?.name ?? pod.metadata?.name ?? pod.metadata?.generateName?.replace(/-$/, "") ?? "";
}

function meshLabels(pod: Pod, workload: string): Record<string, string> {
  const labels = pod.metadata?.labels ?? {};
  return {
    "service.istio.io/canonical-name":
      labels["app.kubernetes.io/name"] ?? labels["app"] ?? workload,
    "service.istio.io/canonical-revision":
      labels["app.kubernetes.io/version"] ?? labels["version"] ?? "latest",
    ...labels,
    "security.istio.io/tlsMode": "istio",
  };
}

function meshAnnotations(pod: Pod): Record<string, string> {
  const first = pod.spec?.containers[0]?.name ?? "";
  const status = {
    initContainers: ["istio-proxy"],
    containers: null,
    volumes: null,
    imagePullSecrets: null,
    revision: "default",
  };
  return {
    "kubectl.kubernetes.io/default-container": first,
    "kubectl.kubernetes.io/default-logs-container": first,
    "prometheus.io/path": "/stats/prometheus",
    "prometheus.io/port": "15020",
    "prometheus.io/scrape": "true",
    ...pod.metadata?.annotations,
    "istio.io/rev": "default",
    "sidecar.istio.io/status": JSON.stringify(status),
  };
}
