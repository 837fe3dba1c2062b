import type { ObjectKey } from "../../client.ts";
import type { KubeObject } from "../../resource.ts";

/** "namespace/name", or "name" for a cluster-wide object. */
export function keyOf(object: KubeObject): string {
  const { namespace, name = "" } = object.metadata ?? {};
  return namespace ? `${namespace}/${name}` : name;
}

/** The object a key names. */
export function parseKey(key: string): ObjectKey & { readonly namespace: string } {
  const slash = key.indexOf("/");
  return { namespace: slash < 0 ? "" : key.slice(0, slash), name: key.slice(slash + 1) };
}
