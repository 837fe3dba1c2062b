import type { Pod, Toleration } from "kubernetes-types/core/v1";
import { forbidden } from "../errors/api-errors.ts";
import type { AdmissionStep } from "./admission.ts";

const systemPriorities: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

const waitSeconds = 300;

/** Priority, and how long a pod stays on a node that is gone: as Kubernetes' own admission adds them. */
export const podSchedulingDefaults: AdmissionStep = ({ operation, served, object, name }) => {
  if (operation !== "CREATE" || served.resource.plural !== "pods") return;
  const { spec } = object as Pod;
  if (!spec) return;
  const { priorityClassName = "" } = spec;
  const priority = priorityClassName === "" ? 0 : systemPriorities[priorityClassName];
  if (priority === undefined) {
    throw forbidden(
      served.resource,
      name,
      `no PriorityClass with name ${priorityClassName} was found`,
    );
  }
  spec.priority = priority;
  spec.preemptionPolicy ??= "PreemptLowerPriority";
  const tolerations = spec.tolerations ?? [];
  const added = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
    .filter((key) => !tolerations.some((toleration) => tolerates(toleration, key)))
    .map((key) => ({
      key,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: waitSeconds,
    }));
  if (added.length > 0) spec.tolerations = [...tolerations, ...added];
};

function tolerates({ key, effect }: Toleration, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === "NoExecute");
}
