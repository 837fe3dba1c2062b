import type { DaemonSet } from "kubernetes-types/apps/v1";
import type { Node, Pod, Toleration } from "kubernetes-types/core/v1";
import { lastingReason } from "../scheduler/node-filters.ts";
import { podRevisionLabel } from "../revisions/controller-revisions.ts";

/** Kubernetes: daemons stay on nodes that are in trouble. */
const daemonTolerations: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];

/** Ties the pod to its node; the scheduler then puts it there. */
export function daemonPod(set: DaemonSet, pod: Pod, node: string, hash: string): Pod {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [node] }];
  const generation = set.metadata?.annotations?.["deprecated.daemonset.template.generation"];
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata?.labels,
        [podRevisionLabel]: hash,
        ...(generation === undefined ? {} : { "pod-template-generation": generation }),
      },
    },
    spec: {
      containers: [],
      ...pod.spec,
      affinity: {
        ...pod.spec?.affinity,
        nodeAffinity: {
          ...pod.spec?.affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
        },
      },
      tolerations: [...(pod.spec?.tolerations ?? []), ...daemonTolerations],
    },
  };
}

/** The node that a daemon's pod is on or was made for. */
export function targetNodeOf({ spec }: Pod): string | undefined {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return spec?.nodeName ?? required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];
}

/** Whether the set wants a pod on the node. */
export function runsOn({ spec }: DaemonSet, node: Node): boolean {
  const template = spec?.template.spec;
  const tolerations = [...(template?.tolerations ?? []), ...daemonTolerations];
  return lastingReason({ spec: { containers: [], ...template, tolerations } }, node) === undefined;
}
