import type { ContainerStatus, Pod } from "kubernetes-types/core/v1";
import { isSidecar } from "./pod-model.ts";

export type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

/** Whether a pod of this phase stays as it is. */
export function isFinal(phase: string | undefined): phase is "Succeeded" | "Failed" {
  return phase === "Succeeded" || phase === "Failed";
}

/** The phase that a pod's containers add up to. `terminal`: nothing will be started any more. */
export function phaseOf(
  pod: Pod,
  statuses: {
    readonly init: readonly ContainerStatus[];
    readonly main: readonly ContainerStatus[];
  },
  terminal: boolean,
): Phase {
  const policy = pod.spec?.restartPolicy ?? "Always";
  const init = countInit(pod, statuses.init);
  const main = countMain(pod, statuses.main);
  if (init.failed > 0 && policy === "Never") return "Failed";
  if (init.pending > 0 && main.stopped + main.running === 0)
    return terminal ? ended(main) : "Pending";
  if (main.waiting > 0) return terminal ? ended(main) : "Pending";
  if (main.running + init.sidecars > 0) return "Running";
  if (main.stopped === 0) return "Pending";
  if (terminal) return ended(main);
  if (policy === "Always") return "Running";
  if (main.stopped === main.succeeded) return "Succeeded";
  return policy === "Never" ? "Failed" : "Running";
}

interface MainCount {
  readonly waiting: number;
  readonly running: number;
  readonly stopped: number;
  readonly succeeded: number;
}

function ended({ stopped, succeeded, waiting }: MainCount): Phase {
  return waiting === 0 && stopped > 0 && stopped === succeeded ? "Succeeded" : "Failed";
}

function countInit(
  pod: Pod,
  statuses: readonly ContainerStatus[],
): { pending: number; failed: number; sidecars: number } {
  let pending = 0;
  let failed = 0;
  let sidecars = 0;
  for (const container of pod.spec?.initContainers ?? []) {
    const status = statuses.find(({ name }) => name === container.name);
    if (isSidecar(container)) {
      if (status?.state?.running) sidecars++;
      if (status?.started !== true && !status?.state?.terminated) pending++;
      continue;
    }
    const { terminated } = status?.state ?? {};
    if (terminated?.exitCode === 0) continue;
    const last = status?.lastState?.terminated;
    if (terminated || (status?.state?.waiting && last && last.exitCode !== 0)) failed++;
    pending++;
  }
  return { pending, failed, sidecars };
}

function countMain(pod: Pod, statuses: readonly ContainerStatus[]): MainCount {
  const count = { waiting: 0, running: 0, stopped: 0, succeeded: 0 };
  for (const container of pod.spec?.containers ?? []) {
    const status = statuses.find(({ name }) => name === container.name);
    const { running, terminated } = status?.state ?? {};
    if (running) count.running++;
    else if (terminated) {
      count.stopped++;
      if (terminated.exitCode === 0) count.succeeded++;
    } else if (status?.lastState?.terminated) count.stopped++;
    else count.waiting++;
  }
  return count;
}
