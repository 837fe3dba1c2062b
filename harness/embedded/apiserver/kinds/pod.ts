import { pods } from "../../resources.ts";
import { defineKind } from "./kind.ts";

/** Pod. */
export const podKind = defineKind({
  resource: pods,
  singular: "pod",
  shortNames: ["po"],
  categories: ["all"],
  schema: "Pod",
  status: true,
  generation: "spec",
  answersDeleted: true,
  prepareCreate(pod) {
    pod.status = { phase: "Pending", qosClass: "BestEffort" };
  },
  deletionGraceSeconds(pod, requested) {
    if (!pod.spec?.nodeName) return 0;
    if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return 0;
    return requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
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
});
