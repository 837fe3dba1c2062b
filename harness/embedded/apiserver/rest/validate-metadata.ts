import type { FieldErrors } from "../errors/field-errors.ts";
import type { Kind } from "../kinds/kind.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import { checkAnnotations, checkLabels, checkName } from "../validation/names.ts";

/** What Kubernetes asks of every object's metadata. */
export function validateMetadata(
  kind: Kind,
  object: ApiObject,
  errors: FieldErrors,
  old: ApiObject | undefined,
): void {
  const { name = "", generateName, labels, annotations } = object.metadata;
  if (old === undefined) {
    if (name === "" && !generateName) {
      errors.required("metadata.name", "name or generateName is required");
    } else checkName(kind.names ?? "subdomain", "metadata.name", name, errors);
  }
  checkLabels("metadata.labels", labels, errors);
  checkAnnotations("metadata.annotations", annotations, errors);
  if (old?.metadata.deletionTimestamp) refuseNewFinalizers(object, old, errors);
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
