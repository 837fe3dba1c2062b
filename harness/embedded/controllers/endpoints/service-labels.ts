import type { Service } from "kubernetes-types/core/v1";

/** The label that endpoints of a Service without a cluster address carry. */
export const headlessLabel = "service.kubernetes.io/headless";

const reserved = new Set([
  headlessLabel,
  "kubernetes.io/service-name",
  "endpointslice.kubernetes.io/managed-by",
]);

/** The labels that endpoints take over from their Service. */
export function serviceLabels(service: Service): Record<string, string> {
  const own = Object.entries(service.metadata?.labels ?? {}).filter(([key]) => !reserved.has(key));
  if (service.spec?.clusterIP === "None") own.push([headlessLabel, ""]);
  return Object.fromEntries(own);
}
