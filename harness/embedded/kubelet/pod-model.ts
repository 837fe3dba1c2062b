import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
  ResourceRequirements,
} from "kubernetes-types/core/v1";

/** A condition as Kubernetes 1.36 writes it. */
export interface Condition extends PodCondition {
  observedGeneration?: number;
}

/** A pod's status as Kubernetes 1.36 writes it. */
export interface FullPodStatus extends PodStatus {
  observedGeneration?: number;
  resources?: ResourceRequirements;
}

/** How a container ended. */
export interface Termination {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string | undefined;
  readonly finishedAtMs: number;
}

/** One run of a container, as the status reports it. */
export interface ContainerRun {
  readonly id: string;
  /** The nth run is the nth restart. */
  readonly restartCount: number;
  readonly imageReference: string;
  readonly imageId: string;
  /** 0 where the program could not be started. */
  readonly startedAtMs: number;
  /** Absent while it runs. */
  readonly termination?: Termination | undefined;
}

/** The latest runs of one container, newest first. */
export type Runs = readonly ContainerRun[];

/** Why the last attempt to start a container failed. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
}

export type { Container, ContainerState, ContainerStatus, Pod };

/** An init container that keeps running beside the others. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

/** Kubernetes' rule for a container that is not running. */
export function shallRestart(
  pod: Pod,
  container: Container,
  run: ContainerRun | undefined,
  isInit: boolean,
): boolean {
  if (pod.metadata?.deletionTimestamp) return false;
  if (!run) return true;
  if (!run.termination) return false;
  if (isInit && isSidecar(container)) return true;
  const policy = pod.spec?.restartPolicy ?? "Always";
  if (policy === "Always") return !isInit || run.termination.exitCode !== 0;
  return policy === "OnFailure" && run.termination.exitCode !== 0;
}

/** namespace/name */
export function podName(pod: Pod): string {
  return `${pod.metadata?.namespace}/${pod.metadata?.name}`;
}

/** name_namespace(uid), as the kubelet's messages have it. */
export function podReference({ metadata }: Pod): string {
  return `${metadata?.name}_${metadata?.namespace}(${metadata?.uid})`;
}
