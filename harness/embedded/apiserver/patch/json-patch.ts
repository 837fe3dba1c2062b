import { applyPatch, type Operation } from "rfc6902";
import { copyJson } from "../storage/stored-object.ts";
import { misfit, undecodable } from "./invalid-patch.ts";

/** RFC 6902; throws as Kubernetes answers a patch that does not fit. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw undecodable("json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp");
  }
  const result: unknown = copyJson(target);
  for (const operation of patch as Operation[]) {
    const [failure] = applyPatch(result, [copyJson(operation)]);
    if (failure) throw misfit();
  }
  return result;
}
