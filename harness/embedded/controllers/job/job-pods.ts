import type { Job } from "kubernetes-types/batch/v1";
import type { Container, Pod } from "kubernetes-types/core/v1";

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

/** Indexes as "0,2-5". */
export function formatIndexes(indexes: readonly number[]): string {
  const parts: string[] = [];
  let first: number | undefined;
  const sorted = [...new Set(indexes)].toSorted((one, other) => one - other);
  for (const [at, index] of sorted.entries()) {
    first ??= index;
    if (sorted[at + 1] === index + 1) continue;
    parts.push(first === index ? `${index}` : `${first}-${index}`);
    first = undefined;
  }
  return parts.join(",");
}

/** The indexes that `formatIndexes` wrote. */
export function parseIndexes(text: string | undefined): number[] {
  if (!text) return [];
  return text.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  });
}
