import type { DeploymentCondition } from "kubernetes-types/apps/v1";
import { toTime } from "../../timestamps.ts";

/** The condition of this type. */
export function findCondition(
  conditions: readonly DeploymentCondition[],
  type: string,
): DeploymentCondition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** A condition that changed now. */
export function newCondition(
  type: string,
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
  nowMs: number,
): DeploymentCondition {
  const time = toTime(nowMs);
  return { type, status, reason, message, lastTransitionTime: time, lastUpdateTime: time };
}

/**
 * The conditions with `condition` put last; unchanged where its status and reason are what they were. The time of
 * transition stays where only the reason changed.
 */
export function withCondition(
  conditions: readonly DeploymentCondition[],
  condition: DeploymentCondition,
): DeploymentCondition[] {
  const current = findCondition(conditions, condition.type);
  if (current?.status === condition.status && current.reason === condition.reason)
    return [...conditions];
  const kept =
    current?.status === condition.status && current.lastTransitionTime !== undefined
      ? { ...condition, lastTransitionTime: current.lastTransitionTime }
      : condition;
  return [...withoutCondition(conditions, condition.type), kept];
}

/** The conditions but for the one of this type. */
export function withoutCondition(
  conditions: readonly DeploymentCondition[],
  type: string,
): DeploymentCondition[] {
  return conditions.filter((condition) => condition.type !== type);
}
