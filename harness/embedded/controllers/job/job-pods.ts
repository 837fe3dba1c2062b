import type { Job } from "kubernetes-types/batch/v1";
import type { Container, Pod } from "kubernetes-types/core/v1";
import type { Client } from "../../client.ts";
import { pods } from "../../resources.ts";
import { isStatus } from "../../status-error.ts";
import { podsToDelete } from "../pods/deletion-rank.ts";

/** Keeps a finished pod until the Job has counted it. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
const indexAnnotation = "batch.kubernetes.io/job-completion-index";

export function isIndexed({ spec }: Job): boolean {
  return spec?.completionMode === "Indexed";
}

/** The completion index that a pod of an Indexed Job works on. */
export function indexOf({ metadata }: Pod): number | undefined {
  const value = metadata?.annotations?.[indexAnnotation];
  return value === undefined ? undefined : Number(value);
}

/** Whether the index is one that the Job asks for; always so where it has no indexes. */
export function hasValidIndex(job: Job, pod: Pod): boolean {
  if (!isIndexed(job)) return true;
  const index = indexOf(pod);
  return index !== undefined && index < (job.spec?.completions ?? 0);
}

/** Whether the Job has still to count the pod. */
export function isTracked({ metadata }: Pod): boolean {
  return metadata?.finalizers?.includes(trackingFinalizer) === true;
}

/** Whether the pod counts as failed: so does one that is being deleted, unless only failed pods are to be replaced. */
export function countsAsFailed({ spec }: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === "Failed") return true;
  if (spec?.podReplacementPolicy === "Failed" || status?.phase === "Succeeded") return false;
  return metadata?.deletionTimestamp !== undefined;
}

/** Takes the Job's finalizer off the pod; one that is gone needs nothing. */
export async function releasePod(client: Client, pod: Pod): Promise<void> {
  if (!isTracked(pod)) return;
  const { namespace, name = "", uid, finalizers = [] } = pod.metadata ?? {};
  const left = finalizers.filter((one) => one !== trackingFinalizer);
  const body = { metadata: { uid, finalizers: left.length > 0 ? left : null } };
  try {
    await client.patch(pods, { namespace, name }, { type: "merge", body });
  } catch (error) {
    if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
  }
}

/** At least `count` of the active pods: all that share an index or have none that is asked for, then the least missed. */
export function podsTooMany(
  job: Job,
  active: readonly Pod[],
  count: number,
  nowMs: number,
): readonly Pod[] {
  const wrong = isIndexed(job) ? withoutOwnIndex(job, active, nowMs) : [];
  const left = active.filter((pod) => !wrong.includes(pod));
  return [...wrong, ...podsToDelete(left, [], Math.max(0, count - wrong.length), nowMs)];
}

function withoutOwnIndex(job: Job, active: readonly Pod[], nowMs: number): Pod[] {
  const byIndex = Map.groupBy(active, (pod) =>
    hasValidIndex(job, pod) ? indexOf(pod) : undefined,
  );
  return [...byIndex].flatMap(([index, same]) =>
    podsToDelete(same, [], index === undefined ? same.length : same.length - 1, nowMs),
  );
}

/** Gives a pod from the template what makes it this Job's. */
export function jobPod(job: Job, pod: Pod, index: number | undefined): Pod {
  const { name = "", uid = "" } = job.metadata ?? {};
  const labels = {
    ...pod.metadata?.labels,
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
  const finalizers = [...(pod.metadata?.finalizers ?? []), trackingFinalizer];
  const made = { ...pod, metadata: { ...pod.metadata, labels, finalizers } };
  return index === undefined ? made : indexed(job, made, index);
}

function indexed(job: Job, pod: Pod, index: number): Pod {
  const value = String(index);
  const hostname = `${job.metadata?.name}-${index}`;
  const variable = {
    name: "JOB_COMPLETION_INDEX",
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexAnnotation}']` } },
  };
  const withIndex = (container: Container): Container => ({
    ...container,
    env: [...(container.env ?? []), variable],
  });
  const { initContainers, containers = [] } = pod.spec ?? {};
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: `${hostname}-`,
      annotations: { ...pod.metadata?.annotations, [indexAnnotation]: value },
      labels: { ...pod.metadata?.labels, [indexAnnotation]: value },
    },
    spec: {
      ...pod.spec,
      hostname,
      containers: containers.map(withIndex),
      ...(initContainers ? { initContainers: initContainers.map(withIndex) } : {}),
    },
  };
}
