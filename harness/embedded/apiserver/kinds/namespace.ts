import { namespaces } from "../../resources.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { defineKind } from "./kind.ts";

/** Namespace: stays until the namespace controller has emptied it and taken its finalizer away. */
export const namespaceKind = defineKind({
  resource: namespaces,
  singular: "namespace",
  shortNames: ["ns"],
  schema: "Namespace",
  names: "label",
  status: true,
  otherSubresources: [{ name: "finalize", kind: "Namespace", verbs: ["update"] }],
  prepareCreate(namespace) {
    namespace.spec = { finalizers: ["kubernetes"] };
    namespace.status = { phase: "Active" };
  },
  setDefaults(namespace) {
    const name = namespace.metadata?.name ?? "";
    namespace.metadata = {
      ...namespace.metadata,
      labels: { ...namespace.metadata?.labels, "kubernetes.io/metadata.name": name },
    };
  },
  prepareUpdate(namespace, old) {
    if (old.spec) namespace.spec = old.spec;
  },
  beforeDelete(namespace) {
    namespace.status = { ...namespace.status, phase: "Terminating" };
  },
  isHeld: (namespace) => (namespace.spec?.finalizers ?? []).length > 0,
  selectable: (namespace) => ({ "status.phase": namespace.status?.phase ?? "" }),
  columns: [
    nameColumn,
    { name: "Status", type: "string", cell: ({ status }) => status?.phase ?? "" },
    ageColumn,
  ],
});
