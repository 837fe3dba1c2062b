import type { Pod } from "kubernetes-types/core/v1";

const ignoredNamespaces = new Set([
  "kube-system",
  "kube-public",
  "kube-node-lease",
  "local-path-storage",
]);

const injectKey = "sidecar.istio.io/inject";

/**
 * Whether a pod that the webhook was asked about gets a sidecar. Which pods it is asked about, by namespace
 * and pod labels, is the webhook configuration's part.
 */
export function needsSidecar(pod: Pod, namespace: string): boolean {
  if (ignoredNamespaces.has(namespace) || pod.spec?.hostNetwork) return false;
  if (hasSidecar(pod)) return false;
  // Istio: the label beats the annotation of the same name.
  const choice = pod.metadata?.labels?.[injectKey] ?? pod.metadata?.annotations?.[injectKey];
  return choice !== "false";
}

function hasSidecar(pod: Pod): boolean {
  return pod.metadata?.annotations?.["sidecar.istio.io/status"] !== undefined;
}
