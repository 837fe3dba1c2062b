import type { Container } from "kubernetes-types/core/v1";
import { isSidecar, type FullPodStatus, type Pod } from "./pod-model.ts";
import { formatBytes, formatCores, parseQuantity } from "../quantity.ts";

type PodResources = NonNullable<FullPodStatus["resources"]>;

/** Without a limit the kubelet reports what the kernel says of the pod's cgroup: the largest number there is. */
const unlimitedMemory = "9007199254740988Ki";

/** What the pod as a whole may take, as the kubelet reads it from the pod's cgroup; nothing before it has looked. */
export function podResources(pod: Pod, cgroupKnown: boolean): PodResources {
  const { resources } = (pod.spec ?? {}) as { resources?: PodResources };
  if (resources || !cgroupKnown) return resources ?? {};
  const cpu = podLimit(pod, "cpu");
  const memory = podLimit(pod, "memory");
  return {
    limits: {
      ...(cpu === undefined ? {} : { cpu: formatCores(cpu) }),
      memory: memory === undefined ? unlimitedMemory : formatBytes(memory),
    },
  };
}

/** Kubernetes: the sum of what runs side by side, or an init container's limit where that is larger. */
function podLimit(pod: Pod, name: "cpu" | "memory"): number | undefined {
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const limitOf = ({ resources }: Container): number => {
    const limit = resources?.limits?.[name];
    return limit === undefined ? Number.POSITIVE_INFINITY : parseQuantity(limit);
  };
  let sidecars = 0;
  let largestInit = 0;
  for (const container of initContainers) {
    if (isSidecar(container)) sidecars += limitOf(container);
    else largestInit = Math.max(largestInit, sidecars + limitOf(container));
  }
  const together = containers.reduce((sum, container) => sum + limitOf(container), sidecars);
  const limit = Math.max(together, largestInit);
  return Number.isFinite(limit) ? limit : undefined;
}
