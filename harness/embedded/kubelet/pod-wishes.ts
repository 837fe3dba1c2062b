import type { Pod } from "kubernetes-types/core/v1";

/** Everything of a pod's object that its processes depend on, for comparing two states of it. */
export function wishesOf({ metadata, spec, status }: Pod): string {
  const { generation, deletionTimestamp, deletionGracePeriodSeconds, labels, annotations } =
    metadata ?? {};
  const gates = (spec?.readinessGates ?? []).map(
    ({ conditionType }) => status?.conditions?.find(({ type }) => type === conditionType)?.status,
  );
  return JSON.stringify([
    generation,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    labels,
    annotations,
    gates,
  ]);
}
