import type { Deployment, ReplicaSet, StatefulSet, DaemonSet } from "kubernetes-types/apps/v1";
import type { Job } from "kubernetes-types/batch/v1";
import type {
  ConfigMap,
  Event as CoreEvent,
  Namespace,
  Node as ClusterNode,
  Pod,
  Secret,
  Service,
} from "kubernetes-types/core/v1";
import type { EndpointSlice } from "kubernetes-types/discovery/v1";
import type { Ingress } from "kubernetes-types/networking/v1";

/** Any Kubernetes object as it comes over the wire. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    }[];
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

interface Kinds {
  deployment: Deployment;
  replicaset: ReplicaSet;
  statefulset: StatefulSet;
  daemonset: DaemonSet;
  job: Job;
  pod: Pod;
  service: Service;
  configmap: ConfigMap;
  secret: Secret;
  event: CoreEvent;
  namespace: Namespace;
  node: ClusterNode;
  endpointslice: EndpointSlice;
  ingress: Ingress;
}

/** The type of an object by the kind's name as kubectl takes it (`pod`, `pods`); unknown kinds are plain objects. */
export type ObjectOf<Kind extends string> =
  Lowercase<Kind> extends keyof Kinds
    ? Kinds[Lowercase<Kind>]
    : Lowercase<Kind> extends `${infer One}s`
      ? One extends keyof Kinds
        ? Kinds[One]
        : KubeObject
      : KubeObject;

/** A list as the API answers it. */
export interface KubeList<T> {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly items: readonly T[];
}
