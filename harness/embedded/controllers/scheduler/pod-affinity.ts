import type { Node, Pod, PodAffinityTerm } from "kubernetes-types/core/v1";
import { type Labels, matchesSelector } from "../objects/selector.ts";
import { isFinished } from "../objects/pod-state.ts";
import type { Refusal } from "./refusal.ts";

/** What has been placed so far. */
export interface Placement {
  readonly placed: readonly { readonly pod: Pod; readonly node: Node }[];
  readonly labelsOfNamespace: (name: string) => Labels;
}

/** Which rule about other pods keeps the pod from the node; undefined where none does. */
export function affinityRefusal(
  pod: Pod,
  node: Node,
  { placed, labelsOfNamespace }: Placement,
): Refusal | undefined {
  const running = placed.filter((other) => !isFinished(other.pod));
  const near = (term: PodAffinityTerm): Pod[] =>
    running
      .filter((other) => inSameDomain(term.topologyKey, node, other.node))
      .map((other) => other.pod);
  const wants = (term: PodAffinityTerm, owner: Pod, other: Pod): boolean =>
    selects(term, owner, other, labelsOfNamespace);
  const together = pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const missed = (together ?? []).filter(
    (term) => !near(term).some((other) => wants(term, pod, other)),
  );
  // Kubernetes: the first of pods that want each other may go anywhere.
  const isFirst = (together ?? []).every(
    (term) =>
      hasKey(node, term.topologyKey) &&
      wants(term, pod, pod) &&
      !running.some((other) => wants(term, pod, other.pod)),
  );
  if (missed.length > 0 && !isFirst)
    return { reasons: ["node(s) didn't match pod affinity rules"], lasting: true };
  if (apartOf(pod).some((term) => near(term).some((other) => wants(term, pod, other))))
    return { reasons: ["node(s) didn't match pod anti-affinity rules"], lasting: false };
  const unwanted = running.some(({ pod: other, node: at }) =>
    apartOf(other).some(
      (term) => inSameDomain(term.topologyKey, node, at) && wants(term, other, pod),
    ),
  );
  return unwanted
    ? { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], lasting: false }
    : undefined;
}

/** A node without the key of a constraint that must hold takes no pod; with one node any other skew is none. */
export function spreadRefusal(pod: Pod, node: Node): Refusal | undefined {
  const missing = (pod.spec?.topologySpreadConstraints ?? []).some(
    ({ topologyKey, whenUnsatisfiable }) =>
      whenUnsatisfiable === "DoNotSchedule" && !hasKey(node, topologyKey),
  );
  const reason = "node(s) didn't match pod topology spread constraints (missing required label)";
  return missing ? { reasons: [reason], lasting: true } : undefined;
}

function apartOf({ spec }: Pod): readonly PodAffinityTerm[] {
  return spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function inSameDomain(key: string, one: Node, other: Node): boolean {
  const value = one.metadata?.labels?.[key];
  return value !== undefined && value === other.metadata?.labels?.[key];
}

function hasKey({ metadata }: Node, key: string): boolean {
  return metadata?.labels?.[key] !== undefined;
}

function selects(
  { labelSelector, namespaces, namespaceSelector }: PodAffinityTerm,
  owner: Pod,
  other: Pod,
  labelsOfNamespace: (name: string) => Labels,
): boolean {
  const namespace = other.metadata?.namespace ?? "";
  const named = namespaces ?? (namespaceSelector ? [] : [owner.metadata?.namespace ?? ""]);
  const inScope =
    named.includes(namespace) || matchesSelector(namespaceSelector, labelsOfNamespace(namespace));
  return inScope && matchesSelector(labelSelector, other.metadata?.labels);
}
