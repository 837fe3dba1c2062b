import type { Refusal } from "./refusal.ts";

/** The scheduler's account of why no node takes the pod, word for word. */
export function fitMessage(refusals: readonly Refusal[]): string {
  if (refusals.length === 0) return "no nodes available to schedule pods";
  const nodes = refusals.length;
  const filters = counted(refusals.flatMap(({ reasons }) => reasons));
  const preemption = counted(
    refusals.map(({ lasting }) =>
      lasting
        ? "Preemption is not helpful for scheduling"
        : "No preemption victims found for incoming pod",
    ),
  );
  return (
    `0/${nodes} nodes are available: ${filters}. ` +
    `no new claims to deallocate, preemption: 0/${nodes} nodes are available: ${preemption}.`
  );
}

function counted(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .toSorted()
    .join(", ");
}
