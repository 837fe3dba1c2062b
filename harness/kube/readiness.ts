import type { KubeObject } from "./object.ts";

/** How far an object is from what it should be. */
export interface Readiness {
  readonly state: "ready" | "waiting" | "failing";
  /** `1 of 3 replicas ready`. */
  readonly progress: string;
  /** What stands in the way: `ImagePullBackOff on reviews-7c9f`. */
  readonly last?: string;
  /** The server's own words for it. */
  readonly detail?: string;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode?: number; readonly reason?: string };
  };
}

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly Condition[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
}

/** Reasons for which a container waits that time alone does not cure. */
const hopeless = new Set([
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "CrashLoopBackOff",
]);

/** Judges an object, with the pods that belong to it, as `kubectl rollout status` and people do. */
export function judgeReadiness(object: KubeObject, pods: readonly KubeObject[]): Readiness {
  switch (object.kind ?? "") {
    case "Deployment":
      return withPods(judgeDeployment(object), pods);
    case "StatefulSet":
    case "ReplicaSet":
      return withPods(judgeReplicas(object), pods);
    case "DaemonSet":
      return withPods(judgeDaemonSet(object), pods);
    case "Job":
      return withPods(judgeJob(object), pods);
    case "Pod":
      return withPods(judgePod(object), [object]);
    default:
      return judgeConditions(object);
  }
}

// Kubernetes: the rules of `kubectl rollout status deployment`
// https://github.com/kubernetes/kubectl/blob/master/pkg/polymorphichelpers/rollout_status.go
function judgeDeployment(object: KubeObject): Readiness {
  const status = numbers(object.status);
  const wanted = numbers(object.spec)["replicas"] ?? 1;
  const ready = status["readyReplicas"] ?? 0;
  const updated = status["updatedReplicas"] ?? 0;
  const available = status["availableReplicas"] ?? 0;
  const progress = `${Math.min(ready, wanted)} of ${count(wanted, "replica")} ready`;
  if ((status["observedGeneration"] ?? 0) < (object.metadata?.generation ?? 0))
    return { state: "waiting", progress, last: "the controller has not seen the change yet" };
  const stuck = conditionsOf(object).find(
    (entry) => entry.type === "Progressing" && entry.reason === "ProgressDeadlineExceeded",
  );
  if (stuck)
    return { state: "failing", progress, last: "ProgressDeadlineExceeded", ...said(stuck) };
  if (updated < wanted)
    return { state: "waiting", progress, last: `${updated} of ${wanted} replicas updated` };
  const old = (status["replicas"] ?? 0) - updated;
  if (old > 0)
    return { state: "waiting", progress, last: `${count(old, "old replica")} pending termination` };
  if (available < updated)
    return {
      state: "waiting",
      progress,
      last: `${available} of ${updated} updated replicas available`,
    };
  return { state: "ready", progress };
}

function judgeReplicas(object: KubeObject): Readiness {
  const status = numbers(object.status);
  const wanted = numbers(object.spec)["replicas"] ?? 1;
  const ready = status["readyReplicas"] ?? 0;
  const progress = `${ready} of ${count(wanted, "replica")} ready`;
  const seen = (status["observedGeneration"] ?? 0) >= (object.metadata?.generation ?? 0);
  return { state: seen && ready >= wanted ? "ready" : "waiting", progress };
}

function judgeDaemonSet(object: KubeObject): Readiness {
  const status = numbers(object.status);
  const wanted = status["desiredNumberScheduled"] ?? 0;
  const ready = status["numberReady"] ?? 0;
  const seen = (status["observedGeneration"] ?? 0) >= (object.metadata?.generation ?? 0);
  return {
    state: seen && ready >= wanted ? "ready" : "waiting",
    progress: `ready on ${ready} of ${count(wanted, "node")}`,
  };
}

function judgeJob(object: KubeObject): Readiness {
  const wanted = numbers(object.spec)["completions"] ?? 1;
  const done = numbers(object.status)["succeeded"] ?? 0;
  const progress = `${done} of ${count(wanted, "completion")}`;
  const failed = conditionsOf(object).find(
    (entry) => entry.type === "Failed" && entry.status === "True",
  );
  if (failed)
    return { state: "failing", progress, last: failed.reason ?? "Failed", ...said(failed) };
  return { state: done >= wanted ? "ready" : "waiting", progress };
}

function judgePod(object: KubeObject): Readiness {
  const phase = (object.status as PodStatus | undefined)?.phase ?? "Pending";
  const ready = conditionsOf(object).some(
    (entry) => entry.type === "Ready" && entry.status === "True",
  );
  return {
    state: ready ? "ready" : "waiting",
    progress: `phase ${phase}, ${ready ? "" : "not "}ready`,
  };
}

function judgeConditions(object: KubeObject): Readiness {
  const condition = conditionsOf(object).find((entry) =>
    ["Ready", "Available", "Programmed", "Accepted"].includes(entry.type),
  );
  if (!condition) return { state: "ready", progress: "there" };
  return {
    state: condition.status === "True" ? "ready" : "waiting",
    progress: `${condition.type} is ${condition.status}`,
    ...said(condition),
  };
}

/** A workload that waits because of a pod says which pod and why. */
function withPods(own: Readiness, pods: readonly KubeObject[]): Readiness {
  if (own.state === "ready") return own;
  const alive = pods.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
  for (const pod of alive) {
    const trouble = podTrouble(pod);
    if (trouble) return { ...own, ...trouble, state: "failing" };
  }
  if (own.last !== undefined && own.state === "failing") return own;
  const slow = alive.map(podHindrance).find((text) => text !== undefined);
  return slow === undefined ? own : { ...own, last: slow };
}

function podTrouble(pod: KubeObject): { last: string; detail?: string } | undefined {
  const name = pod.metadata?.name ?? "?";
  for (const container of containersOf(pod)) {
    const waiting = container.state?.waiting;
    if (waiting?.reason !== undefined && hopeless.has(waiting.reason))
      return {
        last: `${waiting.reason} on ${name}`,
        ...(waiting.message ? { detail: `container ${container.name}: ${waiting.message}` } : {}),
      };
  }
  const crashed =
    pod.spec?.["restartPolicy"] === "Always" ? containersOf(pod).find(isCrashing) : undefined;
  if (crashed) {
    const { exitCode, reason } = crashed.state?.terminated ?? {};
    const detail = `container ${crashed.name}: ${reason}, exit code ${exitCode}, ${count(crashed.restartCount ?? 0, "restart")}`;
    return { last: `CrashLoopBackOff on ${name}`, detail };
  }
  const scheduled = conditionsOf(pod).find((entry) => entry.type === "PodScheduled");
  if (scheduled?.status === "False" && scheduled.reason === "Unschedulable")
    return { last: `Unschedulable: ${name}`, ...said(scheduled) };
  return undefined;
}

// Kubernetes: while a restart is held back the state stays `terminated`; `waiting` with CrashLoopBackOff
// is seen for a moment only, just before the container starts again.
function isCrashing({ state, restartCount = 0 }: ContainerStatus): boolean {
  return restartCount > 0 && (state?.terminated?.exitCode ?? 0) !== 0;
}

function podHindrance(pod: KubeObject): string | undefined {
  const name = pod.metadata?.name ?? "?";
  const waiting = containersOf(pod).find((container) => container.state?.waiting?.reason);
  if (waiting) return `${waiting.state?.waiting?.reason} on ${name}`;
  const ready = conditionsOf(pod).find((entry) => entry.type === "Ready");
  if (ready?.status === "False") return `${name} is running and not ready`;
  return undefined;
}

function containersOf(pod: KubeObject): readonly ContainerStatus[] {
  const status = pod.status as PodStatus | undefined;
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function conditionsOf(object: KubeObject): readonly Condition[] {
  return (object.status?.["conditions"] as readonly Condition[] | undefined) ?? [];
}

function numbers(part: Readonly<Record<string, unknown>> | undefined) {
  return (part ?? {}) as Readonly<Record<string, number | undefined>>;
}

function said(condition: Condition): { detail?: string } {
  return condition.message ? { detail: condition.message } : {};
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}
