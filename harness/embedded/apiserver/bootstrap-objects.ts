import { newIdentity } from "./storage/object-metadata.ts";
import type { ObjectStore } from "./storage/object-store.ts";
import type { ApiObject } from "./storage/stored-object.ts";

const systemNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

/** Makes what a cluster has before anybody asks. */
export function createBootstrapObjects(store: ObjectStore, nowMs: number): void {
  for (const name of systemNamespaces) store.put("namespaces", toNamespace(name, nowMs), undefined);
}

function toNamespace(name: string, nowMs: number): ApiObject {
  const labels = { "kubernetes.io/metadata.name": name };
  return {
    kind: "Namespace",
    apiVersion: "v1",
    metadata: { ...newIdentity({ name }, nowMs), labels },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
}
