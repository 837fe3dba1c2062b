import { defaultClusterRoleBindings, defaultClusterRoles } from "./auth/default-roles.ts";
import { newIdentity } from "./storage/object-metadata.ts";
import type { ObjectStore } from "./storage/object-store.ts";
import type { ApiObject } from "./storage/stored-object.ts";

const systemNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];
const rbac = "rbac.authorization.k8s.io";
/** Makes what a cluster has before anybody asks. */
export function createBootstrapObjects(store: ObjectStore, nowMs: number): void {
  const put = (table: string, object: ApiObject): void => {
    const { name = "" } = object.metadata;
    const metadata = { ...object.metadata, ...newIdentity({ name }, nowMs) };
    store.put(table, { ...object, metadata }, undefined);
  };
  for (const name of systemNamespaces) put("namespaces", toNamespace(name));
  for (const role of defaultClusterRoles()) put(`clusterroles.${rbac}`, role);
  for (const one of defaultClusterRoleBindings()) put(`clusterrolebindings.${rbac}`, one);
  put("services", apiService());
}

/** The Service and EndpointSlice by which pods reach the API server, once it listens. */
export function publishApiServer(store: ObjectStore, port: number, nowMs: number): void {
  const key = { namespace: "default", name: "kubernetes" };
  const ports = [{ name: "https", port, protocol: "TCP" }];
  const labels = { "kubernetes.io/service-name": "kubernetes" };
  const slice = {
    kind: "EndpointSlice",
    apiVersion: "discovery.k8s.io/v1",
    metadata: { ...newIdentity(key, nowMs), namespace: "default", labels },
    addressType: "IPv4",
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
    ports,
  };
  const endpoints = {
    kind: "Endpoints",
    apiVersion: "v1",
    metadata: {
      ...newIdentity(key, nowMs),
      namespace: "default",
      labels: { "endpointslice.kubernetes.io/skip-mirror": "true" },
    },
    subsets: [{ addresses: [{ ip: "127.0.0.1" }], ports }],
  };
  const slices = "endpointslices.discovery.k8s.io";
  store.put(slices, slice, store.get(slices, key));
  store.put("endpoints", endpoints, store.get("endpoints", key));
}

function toNamespace(name: string): ApiObject {
  return {
    kind: "Namespace",
    apiVersion: "v1",
    metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
}

function apiService(): ApiObject {
  return {
    kind: "Service",
    apiVersion: "v1",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      clusterIP: "10.96.0.1",
      clusterIPs: ["10.96.0.1"],
      internalTrafficPolicy: "Cluster",
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 6443 }],
      sessionAffinity: "None",
      type: "ClusterIP",
    },
    status: { loadBalancer: {} },
  };
}
