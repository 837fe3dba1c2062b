import type { Condition, FullPodStatus } from "./pod-model.ts";
import { isFinal, type Phase } from "./pod-phase.ts";
import type { PodState } from "./pod-state.ts";
import { statusOf } from "./pod-status.ts";

export interface ReportOptions {
  /** Nothing will be started any more. @default false */
  readonly terminal?: boolean;
  /** A container that is not known to be ready may be probed at once. @default true */
  readonly mayProbe?: boolean;
}

/** Writes the pod's status as it is now. Resolves with the phase that its containers add up to. */
export async function reportStatus(
  state: PodState,
  { terminal = false, mayProbe = true }: ReportOptions = {},
): Promise<Phase> {
  const { pod, context, runs, prober, sandbox, status } = state;
  const { clock, hostIP, relistMs } = context;
  const nowMs = clock.now();
  const { qosClass } = pod.status ?? {};
  const current = statusOf({
    pod,
    nowMs,
    startTimeMs: state.startTimeMs,
    hostIP,
    podIP: state.statusIP,
    sandboxReady: sandbox?.ready ?? false,
    previous: {
      ...status.last,
      conditions: mergeConditions(status.last.conditions ?? [], pod.status?.conditions ?? []),
      ...(qosClass ? { qosClass } : {}),
    },
    runsOf: (name) => runs.of(name),
    failureOf: (name) => runs.failureOf(name),
    isStarted: (container) => prober?.isStarted(container) ?? false,
    isReady: (container) =>
      prober?.isReady(container, mayProbe ? "may probe" : "no probe") ?? false,
    terminal,
    cgroupKnown: !runs.isEmpty && nowMs - (sandbox?.madeAtMs ?? nowMs) >= relistMs * 0.9,
    verdict: state.verdict,
  });
  await status.write(terminal ? current : withoutEnd(current, status.last));
  return current.phase;
}

/** Kubernetes: a pod's phase is final once nothing of it runs any more; its conditions may tell of it before. */
function withoutEnd(current: FullPodStatus, last: FullPodStatus): FullPodStatus {
  if (!isFinal(current.phase) || isFinal(last.phase)) return current;
  const { reason: _reason, message: _message, ...rest } = current;
  const { reason, message } = last;
  return {
    ...rest,
    phase: last.phase ?? "Pending",
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
  };
}

const ownConditions = new Set([
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
]);

/** The conditions last written, with what others have put among them since. */
function mergeConditions(written: readonly Condition[], stored: readonly Condition[]): Condition[] {
  const known = new Set(written.map(({ type }) => type));
  const ofOthers = (condition: Condition): Condition =>
    ownConditions.has(condition.type)
      ? condition
      : (stored.find(({ type }) => type === condition.type) ?? condition);
  return [...written.map(ofOthers), ...stored.filter(({ type }) => !known.has(type))];
}
