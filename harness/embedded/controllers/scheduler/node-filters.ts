import type {
  Node,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  Pod,
  Taint,
  Toleration,
} from "kubernetes-types/core/v1";
import { isFinished } from "../objects/pod-state.ts";
import { matchesLabels } from "../objects/selector.ts";
import { affinityRefusal, type Placement, spreadRefusal } from "./pod-affinity.ts";
import { amounts, podRequests, sum } from "./pod-requests.ts";
import type { Refusal } from "./refusal.ts";

/** What keeps the pod from the node, the first filter that refuses; undefined where it fits. */
export function refusalOf(
  pod: Pod,
  node: Node,
  onNode: readonly Pod[],
  placement: Placement,
): Refusal | undefined {
  const why = lastingReason(pod, node);
  if (why !== undefined) return { reasons: [why], lasting: true };
  if (hasPortConflict(pod, onNode))
    return {
      reasons: ["node(s) didn't have free ports for the requested pod ports"],
      lasting: false,
    };
  return (
    resourceRefusal(pod, node, onNode) ??
    spreadRefusal(pod, node) ??
    affinityRefusal(pod, node, placement)
  );
}

/** What would keep the pod from the node even if the node were empty. */
export function lastingReason(pod: Pod, node: Node): string | undefined {
  const tolerations = pod.spec?.tolerations ?? [];
  const unschedulable: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  if (node.spec?.unschedulable && !tolerates(tolerations, unschedulable))
    return "node(s) were unschedulable";
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect !== "PreferNoSchedule");
  if (taints.some((taint) => !tolerates(tolerations, taint)))
    return "node(s) had untolerated taint(s)";
  if (!matchesAffinity(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  return undefined;
}

function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some(
    ({ key, operator = "Equal", value = "", effect }) =>
      (effect === undefined || effect === taint.effect) &&
      (key === undefined || key === "" ? operator === "Exists" : key === taint.key) &&
      (operator === "Exists" || value === (taint.value ?? "")),
  );
}

function matchesAffinity(pod: Pod, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  if (!matchesLabels(pod.spec?.nodeSelector ?? {}, labels)) return false;
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!required) return true;
  return required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

function matchesTerm({ matchExpressions, matchFields }: NodeSelectorTerm, node: Node): boolean {
  if (!matchExpressions?.length && !matchFields?.length) return false;
  const fields = { "metadata.name": node.metadata?.name ?? "" };
  return (
    (matchExpressions ?? []).every((one) => meets(one, node.metadata?.labels ?? {})) &&
    (matchFields ?? []).every((one) => meets(one, fields))
  );
}

function meets(
  { key, operator, values = [] }: NodeSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > Number(values[0]);
    case "Lt":
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      throw new Error(`node selector operator ${JSON.stringify(operator)} is not known`);
  }
}

function hostPorts(pod: Pod): string[] {
  return (pod.spec?.containers ?? [])
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
    .map(({ hostPort, protocol = "TCP" }) => `${protocol} ${hostPort}`);
}

function hasPortConflict(pod: Pod, onNode: readonly Pod[]): boolean {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return false;
  const taken = new Set(onNode.filter((other) => !isFinished(other)).flatMap(hostPorts));
  return wanted.some((port) => taken.has(port));
}

function resourceRefusal(pod: Pod, node: Node, onNode: readonly Pod[]): Refusal | undefined {
  const allocatable = amounts(node.status?.allocatable ?? {});
  const running = onNode.filter((other) => !isFinished(other));
  const used = sum(running.map(podRequests));
  const reasons: string[] = [];
  let lasting = false;
  if (running.length + 1 > (allocatable["pods"] ?? Infinity) / 1000) reasons.push("Too many pods");
  for (const [name, wanted] of Object.entries(podRequests(pod))) {
    if (wanted === 0) continue;
    const total = allocatable[name] ?? 0;
    if (wanted <= total - (used[name] ?? 0)) continue;
    reasons.push(`Insufficient ${name}`);
    lasting ||= wanted > total;
  }
  return reasons.length > 0 ? { reasons, lasting } : undefined;
}
