import { randomInt, randomUUID } from "node:crypto";
import type { ObjectMeta } from "kubernetes-types/meta/v1";
import type { ApiObject } from "./stored-object.ts";

// Kubernetes leaves out vowels and look-alikes so that no words come up.
const nameLetters = "bcdfghjklmnpqrstvwxz2456789";

/** Five letters as Kubernetes appends to generateName. */
export function randomSuffix(): string {
  let suffix = "";
  for (let index = 0; index < 5; index++) suffix += nameLetters[randomInt(nameLetters.length)];
  return suffix;
}

/** RFC 3339 in whole seconds, as metav1.Time is written. */
export function toTimestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}

const metadataOrder = [
  "name",
  "generateName",
  "namespace",
  "selfLink",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
] as const satisfies readonly (keyof ObjectMeta)[];

/** The object with its fields in the order in which Kubernetes writes them. */
export function inKubernetesOrder(object: ApiObject): ApiObject {
  const metadata: Record<string, unknown> = {};
  for (const field of metadataOrder) {
    const value = object.metadata[field];
    if (value !== undefined && !isEmpty(value)) metadata[field] = value;
  }
  const { kind, apiVersion, metadata: _, spec, status, ...others } = object;
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    metadata,
    ...(spec === undefined ? {} : { spec }),
    ...others,
    ...(status === undefined ? {} : { status }),
  };
}

function isEmpty(value: unknown): boolean {
  if (value === "" || value === null) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Metadata that only the server may set on a new object; no name where none is asked for. */
export function newIdentity(
  { name, generateName }: ObjectMeta,
  nowMs: number,
): Pick<ObjectMeta, "name" | "uid" | "creationTimestamp"> {
  const generated = generateName ? `${generateName.slice(0, 58)}${randomSuffix()}` : undefined;
  const identity = { uid: randomUUID(), creationTimestamp: toTimestamp(nowMs) };
  return name || generated ? { name: name || generated, ...identity } : identity;
}
