import type { NamespaceCondition } from "kubernetes-types/core/v1";
import type { Resource } from "../../resource.ts";
import { toTime } from "../../timestamps.ts";

/** Objects of one kind that a namespace still holds. */
export interface Remaining {
  readonly resource: Resource;
  readonly count: number;
  /** The finalizers of all of them, one entry for each object that has it. */
  readonly finalizers: readonly string[];
}

type Fact = readonly [type: string, status: "True" | "False", reason: string, message: string];

/** The conditions that say how far the deletion of a namespace has come, word for word. */
export function deletionConditions(
  before: readonly NamespaceCondition[],
  remaining: readonly Remaining[],
  nowMs: number,
): NamespaceCondition[] {
  return facts(remaining).map(([type, status, reason, message]) => {
    const known = before.find((condition) => condition.type === type);
    const since =
      known?.status === status && known.lastTransitionTime
        ? known.lastTransitionTime
        : toTime(nowMs);
    return { type, status, reason, message, lastTransitionTime: since };
  });
}

function facts(remaining: readonly Remaining[]): Fact[] {
  return [
    [
      "NamespaceDeletionDiscoveryFailure",
      "False",
      "ResourcesDiscovered",
      "All resources successfully discovered",
    ],
    [
      "NamespaceDeletionGroupVersionParsingFailure",
      "False",
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ],
    [
      "NamespaceDeletionContentFailure",
      "False",
      "ContentDeleted",
      "All content successfully deleted, may be waiting on finalization",
    ],
    contentFact(remaining),
    finalizerFact(remaining),
  ];
}

function contentFact(remaining: readonly Remaining[]): Fact {
  const type = "NamespaceContentRemaining";
  if (remaining.length === 0)
    return [type, "False", "ContentRemoved", "All content successfully removed"];
  const list = remaining
    .map(
      ({ resource, count }) =>
        `${resource.plural}.${resource.group} has ${count} resource instances`,
    )
    .toSorted()
    .join(", ");
  return [type, "True", "SomeResourcesRemain", `Some resources are remaining: ${list}`];
}

function finalizerFact(remaining: readonly Remaining[]): Fact {
  const type = "NamespaceFinalizersRemaining";
  const counts = new Map<string, number>();
  for (const name of remaining.flatMap(({ finalizers }) => finalizers))
    counts.set(name, (counts.get(name) ?? 0) + 1);
  if (counts.size === 0)
    return [type, "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"];
  const list = [...counts]
    .map(([name, count]) => `${name} in ${count} resource instances`)
    .toSorted()
    .join(", ");
  const message = `Some content in the namespace has finalizers remaining: ${list}`;
  return [type, "True", "SomeFinalizersRemain", message];
}
