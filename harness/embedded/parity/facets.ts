import { textAt, valueAt, type Names } from "./names.ts";
import type { TracedObject, TracedResource } from "./trace.ts";

/** How the values of a facet are compared. */
export type Comparison = "sequence" | "turning points";

/** One aspect of an object at one moment. */
export interface Facet {
  readonly name: string;
  readonly comparison: Comparison;
  readonly value: string;
}

const counts = {
  deployments: [
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "terminatingReplicas",
  ],
  replicasets: [
    "replicas",
    "fullyLabeledReplicas",
    "readyReplicas",
    "availableReplicas",
    "terminatingReplicas",
  ],
} as const;

const replicaSetAnnotations = ["desired-replicas", "max-replicas", "revision", "revision-history"];

/** What of the object is compared. */
export function facetsOf(resource: TracedResource, object: TracedObject, names: Names): Facet[] {
  switch (resource) {
    case "deployments":
      return [
        ...countFacets(object, counts.deployments),
        ...annotationFacets(object, ["revision"]),
        ...conditionFacets(object, names),
        sequence("spec.replicas", valueAt(object, "spec", "replicas")),
        sequence("generation", object.metadata?.generation),
        sequence("observedGeneration", valueAt(object, "status", "observedGeneration")),
      ];
    case "replicasets":
      return [
        ...countFacets(object, counts.replicasets),
        ...annotationFacets(object, replicaSetAnnotations),
        turning("spec.replicas", valueAt(object, "spec", "replicas")),
      ];
    case "pods":
      return [
        ...conditionFacets(object, names),
        sequence("conditions", conditionTypes(object)),
        ...podFacets(object, names),
      ];
    case "endpointslices":
      return [sequence("labels", Object.keys(object.metadata?.labels ?? {}).toSorted())];
    case "services":
      return [];
    case "events":
      return [];
    default:
      throw new Error(`no facets for ${JSON.stringify(resource)}`);
  }
}

function countFacets(object: TracedObject, fields: readonly string[]): Facet[] {
  return fields.map((field) => turning(`status.${field}`, valueAt(object, "status", field) ?? 0));
}

function annotationFacets(object: TracedObject, fields: readonly string[]): Facet[] {
  const annotations = object.metadata?.annotations ?? {};
  return fields.map((field) => {
    const value = annotations[`deployment.kubernetes.io/${field}`];
    return field.endsWith("replicas") ? turning(field, value) : sequence(field, value);
  });
}

function conditionTypes(object: TracedObject): string {
  const conditions = valueAt(object, "status", "conditions");
  if (!Array.isArray(conditions)) return "none";
  return conditions.map((condition: unknown) => textAt(condition, "type")).join();
}

function conditionFacets(object: TracedObject, names: Names): Facet[] {
  const conditions = valueAt(object, "status", "conditions");
  if (!Array.isArray(conditions)) return [];
  return conditions.map((condition: unknown) => {
    const parts = ["status", "reason", "message"].map((part) => textAt(condition, part) ?? "");
    return sequence(`condition ${textAt(condition, "type")}`, names.of(parts.join(" ").trim()));
  });
}

function podFacets(object: TracedObject, names: Names): Facet[] {
  const facets = [
    sequence("phase", valueAt(object, "status", "phase")),
    sequence("scheduled", valueAt(object, "spec", "nodeName") !== undefined),
    sequence("deleted", object.metadata?.deletionTimestamp !== undefined),
    sequence("grace", object.metadata?.deletionGracePeriodSeconds),
  ];
  const statuses = valueAt(object, "status", "containerStatuses");
  if (!Array.isArray(statuses)) return facets;
  for (const status of statuses as unknown[]) {
    const name = textAt(status, "name");
    facets.push(sequence(`container ${name} state`, stateText(valueAt(status, "state"), names)));
    for (const field of ["ready", "started", "restartCount"])
      facets.push(sequence(`container ${name} ${field}`, valueAt(status, field)));
  }
  return facets;
}

function stateText(state: unknown, names: Names): string {
  for (const kind of ["waiting", "running", "terminated"]) {
    const found = valueAt(state, kind);
    if (found === undefined) continue;
    const exitCode = toText(valueAt(found, "exitCode") ?? "");
    const parts = [kind, textAt(found, "reason") ?? "", exitCode, textAt(found, "message") ?? ""];
    return names.of(parts.filter((part) => part !== "").join(" "));
  }
  return "none";
}

function sequence(name: string, value: unknown): Facet {
  return { name, comparison: "sequence", value: toText(value) };
}

function turning(name: string, value: unknown): Facet {
  return { name, comparison: "turning points", value: toText(value) };
}

function toText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "absent");
}
