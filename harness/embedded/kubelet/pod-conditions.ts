import type { ContainerStatus, Pod } from "kubernetes-types/core/v1";
import { isSidecar, type Condition } from "./pod-model.ts";
import type { Phase } from "./pod-phase.ts";

interface Verdict {
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

export interface ConditionInput {
  readonly pod: Pod;
  readonly phase: Phase;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  readonly sandboxReady: boolean;
  readonly previous: readonly Condition[];
  /** As RFC 3339. */
  readonly now: string;
}

/** The kubelet's conditions in its order, then those that others have put on the pod. */
export function conditionsOf(input: ConditionInput): Condition[] {
  const { pod, previous } = input;
  const ready = containersReady(input);
  const verdicts: Readonly<Record<string, Verdict>> = {
    PodReadyToStartContainers: { status: input.sandboxReady ? "True" : "False" },
    Initialized: initialized(input),
    Ready: podReady(ready, pod, previous),
    ContainersReady: ready,
    PodScheduled: { status: "True" },
  };
  const own = Object.entries(verdicts).map(([type, verdict]) => toCondition(type, verdict, input));
  return [...own, ...previous.filter(({ type }) => !Object.hasOwn(verdicts, type))];
}

/** Replaces one condition's status; the time changes only where the status does. */
export function toCondition(
  type: string,
  { status, reason, message }: Verdict,
  { pod, previous, now }: Pick<ConditionInput, "pod" | "previous" | "now">,
): Condition {
  const before = previous.find((condition) => condition.type === type);
  const since = before?.status === status ? before.lastTransitionTime : undefined;
  return {
    type,
    observedGeneration: pod.metadata?.generation ?? 1,
    status,
    lastProbeTime: null as unknown as string,
    lastTransitionTime: since ?? now,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}

function containersReady({ pod, phase, init, main }: ConditionInput): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar);
  const wanted = [...sidecars, ...(pod.spec?.containers ?? [])];
  const statuses = [...init, ...main];
  const unready = wanted.filter(
    ({ name }) => !statuses.find((status) => status.name === name)?.ready,
  );
  if (unready.length === 0) return { status: "True" };
  return {
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${unready.map(({ name }) => name).join(" ")}]`,
  };
}

function podReady(containers: Verdict, pod: Pod, previous: readonly Condition[]): Verdict {
  if (containers.status === "False") return containers;
  const unmet = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = previous.find(({ type }) => type === conditionType);
    if (!condition)
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (condition.status === "True") return [];
    return [
      `the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`,
    ];
  });
  if (unmet.length === 0) return { status: "True" };
  return { status: "False", reason: "ReadinessGatesNotReady", message: unmet.join(", ") };
}

function initialized({ pod, phase, init, main }: ConditionInput): Verdict {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  // Kubernetes: a pod stays initialized when a sidecar of it restarts later.
  if (main.some(({ state }) => state?.running ?? state?.terminated)) return { status: "True" };
  const incomplete = (pod.spec?.initContainers ?? []).filter((container) => {
    const status = init.find(({ name }) => name === container.name);
    return isSidecar(container) ? status?.started !== true : status?.ready !== true;
  });
  if (incomplete.length === 0) return { status: "True" };
  return {
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${incomplete.map(({ name }) => name).join(" ")}]`,
  };
}
