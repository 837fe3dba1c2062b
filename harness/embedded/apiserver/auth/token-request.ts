import { notFound } from "../errors/api-errors.ts";
import { FieldErrors } from "../errors/field-errors.ts";
import { toTimestamp } from "../storage/object-metadata.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { isJsonObject } from "../storage/stored-object.ts";
import type { SubresourceCreator } from "../rest/subresources.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

/** Refuses a life that is too short to be of use, or endless. */
function checkExpiration(seconds: number): void {
  const errors = new FieldErrors();
  const field = "spec.expirationSeconds";
  if (seconds < 600) {
    errors.invalid(field, seconds, "may not specify a duration less than 10 minutes");
  }
  if (seconds > 2 ** 32) {
    errors.invalid(field, seconds, "may not specify a duration larger than 2^32 seconds");
  }
  const failure = errors.toError({ group: "authentication.k8s.io", kind: "TokenRequest" }, "");
  if (failure) throw failure;
}

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
    checkExpiration(expirationSeconds);
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
