import { badRequest } from "../errors/api-errors.ts";
import { type ApiObject, copyJson, isJsonObject } from "../storage/stored-object.ts";

/** The autoscaling/v1 Scale that stands for a workload. */
export function toScale(object: ApiObject): ApiObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = isJsonObject(object.spec) ? object.spec : {};
  const status = isJsonObject(object.status) ? object.status : {};
  const selector = selectorText(spec.selector);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status.replicas ?? 0, ...(selector ? { selector } : {}) },
  };
}

/** The workload with the replicas that the Scale asks for. */
export function fromScale(current: ApiObject, scale: ApiObject): ApiObject {
  const wanted = isJsonObject(scale.spec) ? (scale.spec.replicas ?? 0) : 0;
  if (typeof wanted !== "number") throw badRequest("spec.replicas of a Scale must be a number");
  const next = copyJson(current);
  next.spec = { ...(isJsonObject(next.spec) ? next.spec : {}), replicas: wanted };
  if (scale.metadata?.resourceVersion) {
    next.metadata.resourceVersion = scale.metadata.resourceVersion;
  }
  return next;
}

function selectorText(selector: unknown): string {
  if (!isJsonObject(selector) || !isJsonObject(selector.matchLabels)) return "";
  return Object.entries(selector.matchLabels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .toSorted()
    .join(",");
}
