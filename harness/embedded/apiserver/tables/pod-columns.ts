import type { ContainerStatus, Pod } from "kubernetes-types/core/v1";
import type { Column } from "../kinds/kind.ts";
import { ageColumn, nameColumn, sinceText } from "./cells.ts";

/** What one line of `kubectl get pods` says about the containers. */
interface PodSummary {
  ready: number;
  total: number;
  status: string;
  restarts: number;
  lastRestart: string;
}

/** Pods' columns. */
export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  {
    name: "Ready",
    type: "string",
    cell: (pod) => {
      const { ready, total } = summaryOf(pod);
      return `${ready}/${total}`;
    },
  },
  { name: "Status", type: "string", cell: (pod) => summaryOf(pod).status },
  {
    name: "Restarts",
    type: "string",
    cell: (pod, nowMs) => {
      const { restarts, lastRestart } = summaryOf(pod);
      const ago = restarts > 0 && lastRestart ? ` (${sinceText(lastRestart, nowMs)} ago)` : "";
      return `${restarts}${ago}`;
    },
  },
  ageColumn,
  { name: "IP", type: "string", priority: 1, cell: ({ status }) => status?.podIP || "<none>" },
  { name: "Node", type: "string", priority: 1, cell: ({ spec }) => spec?.nodeName || "<none>" },
  {
    name: "Nominated Node",
    type: "string",
    priority: 1,
    cell: ({ status }) => status?.nominatedNodeName || "<none>",
  },
  {
    name: "Readiness Gates",
    type: "string",
    priority: 1,
    cell: ({ spec, status }) => {
      const gates = spec?.readinessGates ?? [];
      if (gates.length === 0) return "<none>";
      const met = gates.filter(({ conditionType }) =>
        status?.conditions?.some((one) => one.type === conditionType && one.status === "True"),
      );
      return `${met.length}/${gates.length}`;
    },
  },
];

/** Follows kubectl's own order of precedence, printPod in Kubernetes' printers. */
function summaryOf(pod: Pod): PodSummary {
  const { spec, status, metadata } = pod;
  const sidecars = new Set(
    (spec?.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === "Always")
      .map(({ name }) => name),
  );
  const summary: PodSummary = {
    ready: 0,
    total: (spec?.containers ?? []).length + sidecars.size,
    status: status?.reason || gatedReason(pod) || status?.phase || "",
    restarts: 0,
    lastRestart: "",
  };
  const initializing = addInitContainers(summary, pod, sidecars);
  if (!initializing || conditionIs(pod, "Initialized")) addContainers(summary, pod, sidecars);
  if (metadata?.deletionTimestamp && !["Succeeded", "Failed"].includes(status?.phase ?? "")) {
    summary.status = status?.reason === "NodeLost" ? "Unknown" : "Terminating";
  }
  return summary;
}

function gatedReason({ status }: Pod): string | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  return scheduled?.reason === "SchedulingGated" ? scheduled.reason : undefined;
}

function conditionIs({ status }: Pod, type: string): boolean {
  return status?.conditions?.some((one) => one.type === type && one.status === "True") ?? false;
}

/** Whether an init container is what the pod waits for. */
function addInitContainers(
  summary: PodSummary,
  { spec, status }: Pod,
  sidecars: ReadonlySet<string>,
): boolean {
  const statuses = status?.initContainerStatuses ?? [];
  const count = (spec?.initContainers ?? []).length;
  for (const [index, container] of statuses.entries()) {
    addRestarts(summary, container);
    const { terminated } = container.state ?? {};
    if (terminated?.exitCode === 0 && terminated) continue;
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) summary.ready += 1;
      continue;
    }
    summary.status = initReason(container) ?? `Init:${index}/${count}`;
    return true;
  }
  return false;
}

function initReason({ state }: ContainerStatus): string | undefined {
  const { terminated, waiting } = state ?? {};
  if (terminated) return `Init:${terminated.reason || exitText(terminated)}`;
  if (waiting?.reason && waiting.reason !== "PodInitializing") return `Init:${waiting.reason}`;
  return undefined;
}

function exitText({ signal, exitCode }: { signal?: number; exitCode: number }): string {
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function addContainers(summary: PodSummary, pod: Pod, sidecars: ReadonlySet<string>): void {
  summary.restarts = 0;
  summary.lastRestart = "";
  for (const status of pod.status?.initContainerStatuses ?? []) {
    if (sidecars.has(status.name)) addRestarts(summary, status);
  }
  let anyRunning = false;
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    addRestarts(summary, status);
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) summary.status = waiting.reason;
    else if (terminated) summary.status = terminated.reason || exitText(terminated);
    else if (status.ready && running) {
      anyRunning = true;
      summary.ready += 1;
    }
  }
  if (summary.status === "Completed" && anyRunning) {
    summary.status = conditionIs(pod, "Ready") ? "Running" : "NotReady";
  }
}

function addRestarts(summary: PodSummary, { restartCount, lastState }: ContainerStatus): void {
  summary.restarts += restartCount;
  const finished = lastState?.terminated?.finishedAt ?? "";
  if (finished > summary.lastRestart) summary.lastRestart = finished;
}
