import type { Kind } from "../kinds/kind.ts";
import { type ApiObject, copyJson } from "../storage/stored-object.ts";

/** What the object becomes: each subresource may change its own part only. */
export function mergeUpdate(
  kind: Kind,
  current: ApiObject,
  wanted: ApiObject,
  subresource: string,
): ApiObject {
  const metadata = { ...wanted.metadata, ...serverOwned(current) };
  if (subresource === "status") {
    const owners = current.metadata.ownerReferences;
    const status = wanted.status;
    return withoutUndefined({
      ...copyJson(current),
      metadata: { ...metadata, ...(owners ? { ownerReferences: owners } : {}) },
      status,
    });
  }
  if (subresource !== "") {
    // A binding also tells, as a condition, that the pod is scheduled.
    return withoutUndefined({
      ...copyJson(current),
      metadata,
      ...(wanted.spec ? { spec: wanted.spec } : {}),
      ...(subresource === "binding" ? { status: wanted.status } : {}),
    });
  }
  if (!kind.status) return { ...wanted, metadata };
  return withoutUndefined({ ...wanted, metadata, status: copyJson(current.status) });
}

/** Metadata that no client can change by an update. */
function serverOwned({ metadata }: ApiObject): ApiObject["metadata"] {
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation,
    creationTimestamp: metadata.creationTimestamp,
    deletionTimestamp: metadata.deletionTimestamp,
    deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds,
  };
}

function withoutUndefined(object: ApiObject): ApiObject {
  if (object.status === undefined) delete object.status;
  return object;
}
