import { LabError } from "../errors/lab-error.ts";
import type { KubeObject } from "./object.ts";

/** One revision of a Deployment, as `kubectl rollout history` lists it. */
export interface Revision {
  readonly revision: number;
  readonly changeCause?: string;
  readonly replicaSet: string;
  /** The pod template of that revision. */
  readonly template: Readonly<Record<string, unknown>>;
}

const revisionAnnotation = "deployment.kubernetes.io/revision";
const changeCauseAnnotation = "kubernetes.io/change-cause";

/** The revisions that a Deployment's ReplicaSets still hold, oldest first. */
export function revisionsOf(
  deployment: KubeObject,
  replicaSets: readonly KubeObject[],
): readonly Revision[] {
  const uid = deployment.metadata?.uid;
  return replicaSets
    .filter((set) => set.metadata?.ownerReferences?.some((owner) => owner.uid === uid))
    .map((set) => ({
      revision: Number(set.metadata?.annotations?.[revisionAnnotation] ?? 0),
      ...(set.metadata?.annotations?.[changeCauseAnnotation] === undefined
        ? {}
        : { changeCause: set.metadata.annotations[changeCauseAnnotation] }),
      replicaSet: set.metadata?.name ?? "",
      template: (set.spec?.["template"] ?? {}) as Readonly<Record<string, unknown>>,
    }))
    .toSorted((a, b) => a.revision - b.revision);
}

/**
 * The JSON patch that puts a Deployment back to a revision, by default the one before the current.
 * Kubernetes: `kubectl rollout undo` takes the ReplicaSet's template without its pod-template-hash.
 */
export function undoPatch(
  deployment: KubeObject,
  revisions: readonly Revision[],
  to?: number,
): readonly object[] {
  const name = deployment.metadata?.name;
  const target = to === undefined ? revisions.at(-2) : revisions.find((one) => one.revision === to);
  if (!target)
    throw new LabError(
      "LAB_USAGE",
      to === undefined
        ? `deployment/${name} has no revision to go back to`
        : `deployment/${name} has no revision ${to}: it has ${revisions.map((one) => one.revision).join(", ")}`,
    );
  const template = structuredClone(target.template) as {
    metadata?: { labels?: Record<string, string> };
  };
  delete template.metadata?.labels?.["pod-template-hash"];
  return [{ op: "replace", path: "/spec/template", value: template }];
}

/** The patch of `kubectl rollout restart`: a new annotation on the pod template. */
export function restartPatch(now: Date): object {
  const annotations = {
    "kubectl.kubernetes.io/restartedAt": now.toISOString().replace(/\.\d+/, ""),
  };
  return { spec: { template: { metadata: { annotations } } } };
}
