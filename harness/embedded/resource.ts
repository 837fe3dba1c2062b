import type { ObjectMeta } from "kubernetes-types/meta/v1";

/** Any API object, as JSON carries it: times are RFC 3339 strings, quantities are strings. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** One resource type of the API; `T` is the object's JSON shape. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Only carries the type. */
  readonly object?: T;
}

/** "v1" or "apps/v1". */
export function apiVersionOf(resource: Pick<Resource, "group" | "version">): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}
