import type { StatefulSet } from "kubernetes-types/apps/v1";
import type { Pod } from "kubernetes-types/core/v1";
import { podRevisionLabel } from "../revisions/controller-revisions.ts";

/** The number at the end of a pod's name; undefined for a pod that cannot be of this set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata?.name}-`;
  const name = pod.metadata?.name ?? "";
  const end = name.slice(prefix.length);
  return name.startsWith(prefix) && /^(0|[1-9]\d*)$/.test(end) ? Number(end) : undefined;
}

/** Gives the pod the name, hostname and labels that it keeps over its lives. */
export function withIdentity(set: StatefulSet, pod: Pod, ordinal: number, revision: string): Pod {
  const name = `${set.metadata?.name}-${ordinal}`;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name,
      labels: {
        ...pod.metadata?.labels,
        "apps.kubernetes.io/pod-index": String(ordinal),
        [podRevisionLabel]: revision,
        "statefulset.kubernetes.io/pod-name": name,
      },
    },
    spec: {
      containers: [],
      ...pod.spec,
      hostname: name,
      ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}),
    },
  };
}

/** The ordinals the set asks for. */
export function wantedOrdinals(set: StatefulSet): number[] {
  const start = set.spec?.ordinals?.start ?? 0;
  return Array.from({ length: set.spec?.replicas ?? 1 }, (_, index) => start + index);
}
