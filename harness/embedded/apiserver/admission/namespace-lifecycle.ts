import { forbidden, notFound } from "../errors/api-errors.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { AdmissionStep } from "./admission.ts";

const protectedNamespaces = new Set(["default", "kube-system", "kube-public"]);

/** Nothing is made in a namespace that is missing or on its way out; three namespaces always stay. */
export function createNamespaceLifecycle(store: ObjectStore): AdmissionStep {
  return ({ operation, served, namespace, name }) => {
    const { resource } = served;
    if (operation === "DELETE") {
      if (resource.plural === "namespaces" && protectedNamespaces.has(name)) {
        throw forbidden(resource, name, "this namespace may not be deleted");
      }
      return;
    }
    if (operation !== "CREATE" || namespace === undefined) return;
    const found = store.get("namespaces", { name: namespace });
    if (!found) {
      throw notFound({ group: "", plural: "namespaces", kind: "Namespace" }, namespace);
    }
    if (!found.metadata.deletionTimestamp) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const cause = {
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace",
    };
    throw forbidden(resource, name, why, [cause]);
  };
}
