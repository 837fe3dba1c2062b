import type { Pod, PodSpec } from "kubernetes-types/core/v1";
import { pods } from "../../resources.ts";
import { qosClassOf, requestLimits, setPodSpecDefaults } from "../defaults/pod-spec-defaults.ts";
import type { FieldErrors } from "../errors/field-errors.ts";
import { copyJson, equalJson } from "../storage/stored-object.ts";
import { podColumns } from "../tables/pod-columns.ts";
import { validatePodSpec } from "../validation/pod-spec.ts";
import { defineKind, type Subresource } from "./kind.ts";

const stream = (name: string, kind: string): Subresource => ({
  name,
  kind,
  verbs: ["create", "get"],
});

/** Pod: what the kubelet runs. Deleted pods on a node stay until the kubelet lets them go. */
export const podKind = defineKind({
  resource: pods,
  singular: "pod",
  shortNames: ["po"],
  categories: ["all"],
  schema: "Pod",
  status: true,
  generation: "spec",
  answersDeleted: true,
  otherSubresources: [
    stream("attach", "PodAttachOptions"),
    { name: "binding", kind: "Binding", verbs: ["create"] },
    { name: "eviction", kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] },
    stream("exec", "PodExecOptions"),
    { name: "log", kind: "Pod", verbs: ["get"] },
    stream("portforward", "PodPortForwardOptions"),
  ],
  setDefaults(pod) {
    if (!pod.spec) return;
    setPodSpecDefaults(pod.spec);
    pod.spec.enableServiceLinks ??= true;
    requestLimits(pod.spec);
  },
  prepareCreate(pod) {
    const spec = copyJson(pod.spec);
    if (spec) requestLimits(spec);
    pod.status = { phase: "Pending", qosClass: spec ? qosClassOf(spec) : "BestEffort" };
    if (gatesOf(pod).length > 0) pod.status.conditions = [gated];
  },
  validate(pod, errors, old) {
    validatePodSpec("spec", pod.spec, errors);
    if (old) checkUnchanged(pod, old, errors);
  },
  deletionGraceSeconds(pod, requested) {
    if (!pod.spec?.nodeName) return 0;
    if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return 0;
    const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    // Kubernetes: a negative period counts as the shortest.
    return seconds < 0 ? 1 : seconds;
  },
  selectable: ({ spec, status }) => ({
    "spec.nodeName": spec?.nodeName ?? "",
    "spec.restartPolicy": spec?.restartPolicy ?? "",
    "spec.schedulerName": spec?.schedulerName ?? "",
    "spec.serviceAccountName": spec?.serviceAccountName ?? "",
    "spec.hostNetwork": String(spec?.hostNetwork ?? false),
    "status.phase": status?.phase ?? "",
    "status.podIP": status?.podIP ?? "",
    "status.nominatedNodeName": status?.nominatedNodeName ?? "",
  }),
  columns: podColumns,
});

/** Kubernetes leaves out when it became so. */
const gated = {
  type: "PodScheduled",
  status: "False",
  reason: "SchedulingGated",
  message: "Scheduling is blocked due to non-empty scheduling gates",
  lastProbeTime: null as unknown as string,
  lastTransitionTime: null as unknown as string,
};

function gatesOf({ spec }: Pod): readonly string[] {
  return (spec?.schedulingGates ?? []).map(({ name }) => name);
}

const changeable =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function checkUnchanged(pod: Pod, old: Pod, errors: FieldErrors): void {
  const before = gatesOf(old);
  const added = gatesOf(pod).find((gate) => !before.includes(gate));
  if (added !== undefined) {
    const why = `only deletion is allowed, but found new scheduling gate '${added}'`;
    errors.forbidden("spec.schedulingGates", why);
  }
  const grace = pod.spec?.terminationGracePeriodSeconds;
  const mended = grace === 1 && (old.spec?.terminationGracePeriodSeconds ?? 0) < 0;
  const wasUnbound = !old.spec?.nodeName && pod.spec?.nodeName;
  const ignored = [
    ...(wasUnbound ? (["nodeName"] as const) : []),
    ...(mended ? (["terminationGracePeriodSeconds"] as const) : []),
  ];
  if (!equalJson(fixedParts(pod, ignored), fixedParts(old, ignored))) {
    errors.forbidden("spec", changeable);
  }
}

function fixedParts({ spec }: Pod, ignored: readonly (keyof PodSpec)[]): unknown {
  const fixed = copyJson(spec);
  if (!fixed) return fixed;
  for (const container of [...(fixed.containers ?? []), ...(fixed.initContainers ?? [])]) {
    delete container.image;
  }
  delete fixed.activeDeadlineSeconds;
  delete fixed.tolerations;
  delete fixed.schedulingGates;
  for (const field of ignored) delete fixed[field];
  return fixed;
}
