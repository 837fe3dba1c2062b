import { applyPatch, type Operation } from "rfc6902";
import { badRequest } from "../errors/api-errors.ts";
import { StatusError } from "../../status-error.ts";
import { copyJson } from "../storage/stored-object.ts";

/** RFC 6902; throws as Kubernetes answers a patch that does not fit. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("error decoding patch: a JSON Patch is an array");
  const result: unknown = copyJson(target);
  for (const operation of patch as Operation[]) {
    const [failure] = applyPatch(result, [copyJson(operation)]);
    if (failure) throw misfit(operation, failure.name);
  }
  return result;
}

function misfit(operation: Operation, failure: string): StatusError {
  const why =
    operation.op === "test"
      ? `testing value ${operation.path} failed`
      : `${operation.op} operation does not apply: doc is missing path: ${JSON.stringify(operation.path)}: ${failure === "MissingError" ? "missing value" : failure}`;
  return new StatusError(
    422,
    "Invalid",
    `the server rejected our request due to an error in our request: ${why}`,
    {},
  );
}
