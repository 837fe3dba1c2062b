import type { ListMerge } from "./schema-node.ts";

const map = (...keys: string[]): Partial<ListMerge> => ({ type: "map", keys });
const both = (key: string, ...others: string[]): Partial<ListMerge> => ({
  type: "map",
  keys: [key, ...others],
  patchKey: key,
});
const retaining = (key: string): Partial<ListMerge> => ({ ...both(key), retainKeys: true });
const patchOnly = (key: string): Partial<ListMerge> => ({ patchKey: key });

/**
 * How lists merge, by "Type.field": what Kubernetes' types say in their patchMergeKey, listType and
 * listMapKey markers. A list that is not here is atomic.
 */
export const listMerges: Readonly<Record<string, Partial<ListMerge>>> = {
  "ObjectMeta.ownerReferences": both("uid"),
  "ObjectMeta.finalizers": { type: "set", patchKey: "" },
  "PodSpec.containers": both("name"),
  "PodSpec.initContainers": both("name"),
  "PodSpec.ephemeralContainers": both("name"),
  "PodSpec.volumes": retaining("name"),
  "PodSpec.imagePullSecrets": both("name"),
  "PodSpec.hostAliases": both("ip"),
  "PodSpec.topologySpreadConstraints": both("topologyKey", "whenUnsatisfiable"),
  "PodSpec.schedulingGates": both("name"),
  "PodSpec.resourceClaims": retaining("name"),
  "Container.ports": both("containerPort", "protocol"),
  "Container.env": both("name"),
  "Container.volumeMounts": both("mountPath"),
  "Container.volumeDevices": both("devicePath"),
  "EphemeralContainer.ports": both("containerPort", "protocol"),
  "EphemeralContainer.env": both("name"),
  "EphemeralContainer.volumeMounts": both("mountPath"),
  "EphemeralContainer.volumeDevices": both("devicePath"),
  "PodStatus.conditions": both("type"),
  "PodStatus.podIPs": both("ip"),
  "PodStatus.hostIPs": patchOnly("ip"),
  "PodStatus.resourceClaimStatuses": retaining("name"),
  "ServiceSpec.ports": both("port", "protocol"),
  "ServiceStatus.conditions": both("type"),
  "ServiceAccount.secrets": both("name"),
  "DeploymentStatus.conditions": both("type"),
  "ReplicaSetStatus.conditions": both("type"),
  "StatefulSetStatus.conditions": both("type"),
  "DaemonSetStatus.conditions": both("type"),
  "JobStatus.conditions": { patchKey: "type" },
  "NamespaceStatus.conditions": both("type"),
  "NodeStatus.conditions": both("type"),
  "NodeStatus.addresses": both("type"),
  "NodeSpec.podCIDRs": { type: "set", patchKey: "" },
  "MutatingWebhookConfiguration.webhooks": both("name"),
  "MutatingWebhook.matchConditions": both("name"),
  "ResourceRequirements.claims": map("name"),
  "TopologySpreadConstraint.matchLabelKeys": {},
  "JSONSchemaProps.x-kubernetes-list-map-keys": {},
  "CustomResourceDefinitionStatus.conditions": map("type"),
  "gateway.GatewaySpec.listeners": map("name"),
  "gateway.GatewayStatus.conditions": map("type"),
  "gateway.GatewayStatus.listeners": map("name"),
  "gateway.ListenerStatus.conditions": map("type"),
  "gateway.GatewayClassStatus.conditions": map("type"),
  "gateway.RouteParentStatus.conditions": map("type"),
};

/** Objects that server-side apply takes as one value. */
export const atomicTypes: ReadonlySet<string> = new Set([
  "LabelSelector",
  "ObjectReference",
  "LocalObjectReference",
  "TypedLocalObjectReference",
  "SecretKeySelector",
  "ConfigMapKeySelector",
  "ObjectFieldSelector",
  "ResourceFieldSelector",
  "OwnerReference",
  "NodeSelector",
  "NodeSelectorTerm",
  "ScopedResourceSelectorRequirement",
  "RoleRef",
  "SecretReference",
  "FieldsV1",
]);

/** Maps that server-side apply takes as one value, by "Type.field". */
export const atomicMaps: ReadonlySet<string> = new Set([
  "ServiceSpec.selector",
  "PodSpec.nodeSelector",
]);

/** Fields whose object keeps only the keys that a strategic merge patch lists in $retainKeys. */
export const retainKeysFields: ReadonlySet<string> = new Set(["DeploymentSpec.strategy"]);
