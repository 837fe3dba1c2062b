import type {
  ControllerRevision,
  DaemonSet,
  Deployment,
  ReplicaSet,
  StatefulSet,
} from "kubernetes-types/apps/v1";
import type { MutatingWebhookConfiguration } from "kubernetes-types/admissionregistration/v1";
import type { Job } from "kubernetes-types/batch/v1";
import type { Lease } from "kubernetes-types/coordination/v1";
import type {
  ConfigMap,
  Endpoints,
  Event,
  Namespace,
  Node,
  Pod,
  Secret,
  Service,
  ServiceAccount,
} from "kubernetes-types/core/v1";
import type { EndpointSlice } from "kubernetes-types/discovery/v1";
import type { Ingress, IngressClass } from "kubernetes-types/networking/v1";
import type { ClusterRole } from "kubernetes-types/rbac/v1";
import type { KubeObject, Resource } from "./resource.ts";

const core = { group: "", version: "v1", namespaced: true } as const;
const apps = { group: "apps", version: "v1", namespaced: true } as const;
const istio = { group: "networking.istio.io", version: "v1", namespaced: true } as const;

export const namespaces: Resource<Namespace> = {
  ...core,
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
};
export const nodes: Resource<Node> = { ...core, kind: "Node", plural: "nodes", namespaced: false };
export const pods: Resource<Pod> = { ...core, kind: "Pod", plural: "pods" };
export const services: Resource<Service> = { ...core, kind: "Service", plural: "services" };
export const endpoints: Resource<Endpoints> = { ...core, kind: "Endpoints", plural: "endpoints" };
export const configMaps: Resource<ConfigMap> = { ...core, kind: "ConfigMap", plural: "configmaps" };
export const secrets: Resource<Secret> = { ...core, kind: "Secret", plural: "secrets" };
export const events: Resource<Event> = { ...core, kind: "Event", plural: "events" };
export const serviceAccounts: Resource<ServiceAccount> = {
  ...core,
  kind: "ServiceAccount",
  plural: "serviceaccounts",
};
export const deployments: Resource<Deployment> = {
  ...apps,
  kind: "Deployment",
  plural: "deployments",
};
export const replicaSets: Resource<ReplicaSet> = {
  ...apps,
  kind: "ReplicaSet",
  plural: "replicasets",
};
export const statefulSets: Resource<StatefulSet> = {
  ...apps,
  kind: "StatefulSet",
  plural: "statefulsets",
};
export const controllerRevisions: Resource<ControllerRevision> = {
  ...apps,
  kind: "ControllerRevision",
  plural: "controllerrevisions",
};
export const daemonSets: Resource<DaemonSet> = { ...apps, kind: "DaemonSet", plural: "daemonsets" };
export const jobs: Resource<Job> = {
  group: "batch",
  version: "v1",
  kind: "Job",
  plural: "jobs",
  namespaced: true,
};
export const leases: Resource<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};
export const endpointSlices: Resource<EndpointSlice> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
};
export const ingresses: Resource<Ingress> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  namespaced: true,
};
export const ingressClasses: Resource<IngressClass> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  namespaced: false,
};
export const clusterRoles: Resource<ClusterRole> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
};
export const mutatingWebhookConfigurations: Resource<MutatingWebhookConfiguration> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingWebhookConfiguration",
  plural: "mutatingwebhookconfigurations",
  namespaced: false,
};
export const virtualServices: Resource<KubeObject & { spec?: Record<string, unknown> }> = {
  ...istio,
  kind: "VirtualService",
  plural: "virtualservices",
};
export const destinationRules: Resource<KubeObject & { spec?: Record<string, unknown> }> = {
  ...istio,
  kind: "DestinationRule",
  plural: "destinationrules",
};
export const gateways: Resource<KubeObject & { spec?: Record<string, unknown> }> = {
  ...istio,
  kind: "Gateway",
  plural: "gateways",
};
