import { newIdentity } from "./storage/object-metadata.ts";
import type { ObjectStore } from "./storage/object-store.ts";
import type { ApiObject } from "./storage/stored-object.ts";

const systemNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];
const rbac = "rbac.authorization.k8s.io";
const readVerbs = ["get", "list", "watch"];

/** What every signed-in user may do, and what nobody needs a credential for. */
const clusterRoles: Readonly<Record<string, readonly object[]>> = {
  "cluster-admin": [
    { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
    { nonResourceURLs: ["*"], verbs: ["*"] },
  ],
  view: [{ apiGroups: ["*"], resources: ["*"], verbs: readVerbs }],
  "system:basic-user": [
    {
      apiGroups: ["authorization.k8s.io"],
      resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
      verbs: ["create"],
    },
    {
      apiGroups: ["authentication.k8s.io"],
      resources: ["selfsubjectreviews"],
      verbs: ["create"],
    },
  ],
  "system:discovery": [
    {
      nonResourceURLs: ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/version"],
      verbs: ["get"],
    },
  ],
  "system:public-info-viewer": [
    {
      nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version", "/version/"],
      verbs: ["get"],
    },
  ],
};

const bindings: Readonly<Record<string, readonly string[]>> = {
  "cluster-admin": ["system:masters"],
  "system:basic-user": ["system:authenticated"],
  "system:discovery": ["system:authenticated"],
  "system:public-info-viewer": ["system:authenticated", "system:unauthenticated"],
};

/** Makes what a cluster has before anybody asks. */
export function createBootstrapObjects(store: ObjectStore, nowMs: number): void {
  const put = (table: string, object: ApiObject): void => {
    const { name } = object.metadata;
    const { labels, namespace } = object.metadata;
    const metadata = {
      ...newIdentity({ name: name ?? "" }, nowMs),
      ...(namespace ? { namespace } : {}),
      ...(labels ? { labels } : {}),
    };
    store.put(table, { ...object, metadata }, undefined);
  };
  for (const name of systemNamespaces) put("namespaces", toNamespace(name));
  for (const [name, rules] of Object.entries(clusterRoles)) {
    put(`clusterroles.${rbac}`, { ...rbacObject("ClusterRole", name), rules });
  }
  for (const [name, groups] of Object.entries(bindings)) {
    put(`clusterrolebindings.${rbac}`, {
      ...rbacObject("ClusterRoleBinding", name),
      subjects: groups.map((group) => ({ kind: "Group", apiGroup: rbac, name: group })),
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
    });
  }
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

function rbacObject(kind: string, name: string): ApiObject {
  const labels = { "kubernetes.io/bootstrapping": "rbac-defaults" };
  return { kind, apiVersion: `${rbac}/v1`, metadata: { name, labels } };
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
