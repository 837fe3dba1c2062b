import type { FieldErrors } from "../errors/field-errors.ts";
import type { Kind } from "../kinds/kind.ts";
import { schemaOf } from "../schema/schema.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import {
  checkAnnotations,
  checkLabels,
  checkName,
  checkQualifiedName,
} from "../validation/names.ts";

/** What Kubernetes asks of every object's metadata. */
export function validateMetadata(
  kind: Kind,
  object: ApiObject,
  errors: FieldErrors,
  old: ApiObject | undefined,
): void {
  const { labels, annotations } = object.metadata;
  if (old === undefined) validateNames(kind.names ?? "subdomain", object.metadata, errors);
  checkLabels("metadata.labels", labels, errors);
  checkAnnotations("metadata.annotations", annotations, errors);
  validateOwners(object.metadata, errors);
  validateFinalizers(kind, object.metadata, errors);
  if (old?.metadata.deletionTimestamp) refuseNewFinalizers(object, old, errors);
}

function validateNames(
  rule: NonNullable<Kind["names"]>,
  { name = "", generateName = "" }: ApiObject["metadata"],
  errors: FieldErrors,
): void {
  // What is generated begins with a letter or a digit, so that the prefix may end with a dash.
  const begun = generateName.replace(/(?<=.)-$/, "a");
  if (begun !== "") checkName(rule, "metadata.generateName", begun, errors, generateName);
  if (name === "") errors.required("metadata.name", "name or generateName is required");
  else checkName(rule, "metadata.name", name, errors);
}

function validateOwners(
  { ownerReferences = [] }: ApiObject["metadata"],
  errors: FieldErrors,
): void {
  const at = "metadata.ownerReferences";
  for (const { apiVersion = "", kind = "", name = "", uid = "" } of ownerReferences) {
    if (apiVersion === "") errors.invalid(`${at}.apiVersion`, "", "version must not be empty");
    for (const [field, value] of Object.entries({ kind, name, uid })) {
      if (value === "") errors.invalid(`${at}.${field}`, "", "must not be empty");
    }
  }
  const controllers = ownerReferences
    .filter(({ controller }) => controller)
    .map(({ name }) => name);
  if (controllers.length > 1) {
    const found = `Found "true" in references for ${controllers[0]} and ${controllers[1]}`;
    errors.invalid(
      at,
      ownerReferences,
      `Only one reference can have Controller set to true. ${found}`,
    );
  }
}

const plainFinalizers = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

function validateFinalizers(
  kind: Kind,
  { finalizers = [] }: ApiObject["metadata"],
  errors: FieldErrors,
): void {
  for (const finalizer of finalizers) checkQualifiedName("metadata.finalizers", finalizer, errors);
  if (schemaOf(kind.schema).custom) return;
  for (const [index, finalizer] of finalizers.entries()) {
    if (finalizer.includes("/") || plainFinalizers.has(finalizer)) continue;
    const why = "name is neither a standard finalizer name nor is it fully qualified";
    errors.invalid(`metadata.finalizers[${index}]`, finalizer, why);
  }
}

function refuseNewFinalizers(object: ApiObject, old: ApiObject, errors: FieldErrors): void {
  const before = new Set(old.metadata.finalizers);
  const added = (object.metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
  if (added.length === 0) return;
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  errors.forbidden(
    "metadata.finalizers",
    `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
  );
}
