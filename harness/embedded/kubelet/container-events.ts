import type { Container, Pod } from "kubernetes-types/core/v1";
import { referenceTo, type EventRecorder } from "../events.ts";
import { pods } from "../resources.ts";

/** Reports on one container of a pod. */
export interface ContainerEvents {
  tell(reason: string, message: string): void;
  warn(reason: string, message: string): void;
}

/** Events whose field path is the container. */
export function eventsOf(
  recorder: EventRecorder,
  pod: Pod,
  container: Container,
  isInit: boolean,
): ContainerEvents {
  const list = isInit ? "initContainers" : "containers";
  const target = referenceTo(pods, pod, `spec.${list}{${container.name}}`);
  return {
    tell: (reason, message) => recorder.record(target, "Normal", reason, message),
    warn: (reason, message) => recorder.record(target, "Warning", reason, message),
  };
}
