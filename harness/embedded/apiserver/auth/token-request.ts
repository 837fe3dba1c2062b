import { notFound } from "../errors/api-errors.ts";
import { toTimestamp } from "../storage/object-metadata.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { isJsonObject } from "../storage/stored-object.ts";
import type { SubresourceCreator } from "../rest/subresources.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

/** POST serviceaccounts/token: a TokenRequest in, the same with its token out. */
export function createTokenRequest(
  store: ObjectStore,
  tokens: ServiceAccountTokens,
): SubresourceCreator {
  return async (served, key, request) => {
    const account = store.get("serviceaccounts", key);
    if (!account) throw notFound(served.resource, key.name);
    const spec = isJsonObject(request.spec) ? request.spec : {};
    const expirationSeconds = Number(spec.expirationSeconds ?? 3600);
    const { token, expiresMs } = tokens.issue({
      namespace: key.namespace ?? "",
      name: key.name,
      uid: account.metadata.uid ?? "",
      audiences: Array.isArray(spec.audiences) ? spec.audiences.map(String) : [],
      expirationSeconds,
      ...boundPod(spec.boundObjectRef),
    });
    return {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { name: key.name, namespace: key.namespace },
      spec: { ...spec, expirationSeconds },
      status: { token, expirationTimestamp: toTimestamp(expiresMs) },
    };
  };
}

function boundPod(reference: unknown): { pod?: { name: string; uid: string } } {
  if (!isJsonObject(reference) || reference.kind !== "Pod") return {};
  return { pod: { name: String(reference.name), uid: String(reference.uid) } };
}
