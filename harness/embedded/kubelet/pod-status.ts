import { toTime } from "../timestamps.ts";
import { conditionsOf } from "./pod-conditions.ts";
import {
  shallRestart,
  type Condition,
  type Container,
  type ContainerRun,
  type ContainerState,
  type ContainerStatus,
  type FullPodStatus,
  type Pod,
  type Runs,
  type StartFailure,
} from "./pod-model.ts";
import { isFinal, phaseOf, type Phase } from "./pod-phase.ts";
import { podResources } from "./pod-resources.ts";

/** All that a pod's status is made of. */
export interface StatusInput {
  readonly pod: Pod;
  readonly nowMs: number;
  readonly startTimeMs: number;
  readonly hostIP: string;
  /** Absent until the sandbox is there. */
  readonly podIP: string | undefined;
  readonly sandboxReady: boolean;
  /** The status last written. */
  readonly previous: FullPodStatus;
  readonly runsOf: (container: string) => Runs;
  readonly failureOf: (container: string) => StartFailure | undefined;
  /** What the probes say of a running container. */
  readonly isStarted: (container: Container) => boolean;
  readonly isReady: (container: Container) => boolean;
  /** Nothing will be started any more. */
  readonly terminal: boolean;
  /** The pod's cgroup has been read since a container ran. */
  readonly cgroupKnown: boolean;
  /** Why the kubelet itself ended the pod. */
  readonly verdict?: { readonly reason: string; readonly message: string } | undefined;
}

/** The pod's status as the kubelet reports it. */
export function statusOf(input: StatusInput): FullPodStatus & { readonly phase: Phase } {
  const { pod, previous, podIP, verdict } = input;
  const init = (pod.spec?.initContainers ?? []).map((it) => containerStatus(it, true, input));
  const main = (pod.spec?.containers ?? []).map((it) => containerStatus(it, false, input));
  const phase = verdict
    ? "Failed"
    : (settled(previous) ?? phaseOf(pod, { init, main }, input.terminal));
  const conditions: Condition[] = conditionsOf({
    pod,
    phase,
    init,
    main,
    sandboxReady: input.sandboxReady,
    previous: previous.conditions ?? [],
    now: toTime(input.nowMs),
  });
  return {
    observedGeneration: pod.metadata?.generation ?? 1,
    phase,
    ...(verdict ?? reasonOf(previous)),
    conditions,
    hostIP: input.hostIP,
    hostIPs: [{ ip: input.hostIP }],
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    startTime: toTime(input.startTimeMs),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: main,
    qosClass: previous.qosClass ?? "BestEffort",
    resources: podResources(pod, input.cgroupKnown),
  };
}

/** A phase that is final stays. */
function settled({ phase }: FullPodStatus): Phase | undefined {
  return isFinal(phase) ? phase : undefined;
}

function reasonOf({ reason, message }: FullPodStatus): Pick<FullPodStatus, "reason" | "message"> {
  return { ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
}

function containerStatus(
  container: Container,
  isInit: boolean,
  input: StatusInput,
): ContainerStatus {
  const [run, before] = input.runsOf(container.name);
  let state = stateOf(run, input);
  let lastState: ContainerState = before?.termination ? terminated(before) : {};
  const failure = input.failureOf(container.name);
  // Kubernetes takes a sidecar that ended well for an init container that is done.
  const isOver = isInit && run?.termination?.exitCode === 0;
  if (failure && !isOver && shallRestart(input.pod, container, run, isInit)) {
    if (state.terminated) lastState = state;
    state = { waiting: waitingFor(failure) };
  }
  const started = state.running !== undefined && input.isStarted(container);
  const sidecarOrMain = !isInit || container.restartPolicy === "Always";
  const ready = sidecarOrMain
    ? started && input.isReady(container)
    : run?.termination?.exitCode === 0;
  return {
    ...(run ? { containerID: `containerd://${run.id}` } : {}),
    image: run?.imageReference ?? container.image ?? "",
    imageID: run?.imageId ?? "",
    lastState,
    name: container.name,
    ready,
    ...resourcesOf(container, run),
    restartCount: run?.restartCount ?? 0,
    started,
    state,
    ...volumeMountsOf(container),
  };
}

function waitingFor({ reason, message }: StartFailure): { reason: string; message?: string } {
  return message === "" ? { reason } : { reason, message };
}

function stateOf(run: ContainerRun | undefined, { pod }: StatusInput): ContainerState {
  if (!run) {
    const reason = pod.spec?.initContainers?.length ? "PodInitializing" : "ContainerCreating";
    return { waiting: { reason } };
  }
  if (run.termination) return terminated(run);
  return { running: { startedAt: toTime(run.startedAtMs) } };
}

function terminated(run: ContainerRun): ContainerState {
  const { exitCode = 0, reason, message, finishedAtMs = 0 } = run.termination ?? {};
  return {
    terminated: {
      containerID: `containerd://${run.id}`,
      exitCode,
      finishedAt: toTime(finishedAtMs),
      ...(message ? { message } : {}),
      reason: reason ?? "Error",
      startedAt: toTime(run.startedAtMs),
    },
  };
}

function resourcesOf(
  container: Container,
  run: ContainerRun | undefined,
): Partial<ContainerStatus> {
  const { limits, requests } = container.resources ?? {};
  return {
    ...(requests ? { allocatedResources: requests } : {}),
    ...(run
      ? { resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) } }
      : {}),
  };
}

/** Kubernetes tells of every mount whether it is read-only, and of those that are, whether recursively. */
function volumeMountsOf({ volumeMounts = [] }: Container): Partial<ContainerStatus> {
  if (volumeMounts.length === 0) return {};
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly }) => ({
      mountPath,
      name,
      ...(readOnly ? { readOnly: true, recursiveReadOnly: "Disabled" } : {}),
    })),
  };
}
