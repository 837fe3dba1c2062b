import { StatusError } from "../../status-error.ts";
import { badRequest } from "../errors/api-errors.ts";
import { FieldErrors } from "../errors/field-errors.ts";
import type { GoMismatch } from "../schema/decode.ts";
import { isJsonObject } from "../storage/stored-object.ts";

/** 422 as for an operation of a JSON patch that does not fit; Kubernetes keeps to itself which. */
export function misfit(): StatusError {
  const why = "the server rejected our request due to an error in our request";
  return new StatusError(422, "Invalid", why, {});
}

/** 400 for a patch that is no JSON, or JSON of another type than its kind of patch has. */
export function undecodable(why: string): StatusError {
  return badRequest(`error decoding patch: ${why}`);
}

/** What is wrong with the object that a patch leaves: Kubernetes shows the patch, or the object for patches by path. */
export function invalidPatch(shown: string, why: string): StatusError {
  const errors = new FieldErrors();
  errors.invalid("patch", shown, why);
  const { causes } = errors;
  const message = ` "" is invalid: patch: ${causes[0]?.message ?? ""}`;
  return new StatusError(422, "Invalid", message, { causes });
}

/** A strategic merge patch is read without JSON between, so that its errors have words of their own. */
export function conversionError({ found, wanted }: GoMismatch): string {
  if (wanted.startsWith("[]")) return `cannot restore slice from ${found}`;
  if (wanted.startsWith("map[")) return `cannot restore map from ${found}`;
  if (wanted.includes(".")) return `cannot restore struct from: ${found}`;
  const isNumber = wanted.startsWith("int") || wanted === "float64";
  const converts =
    found === "int64" ? isNumber || wanted === "string" : found === "float64" && isNumber;
  return converts ? `cannot convert ${found} to ${wanted}` : `unrecognized type: ${wanted}`;
}

/** A value as Go prints it: `map[a:1 b:[x y]]`. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (value === null) return "<nil>";
  if (typeof value === "string") return value;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const fields = Object.keys(value).toSorted();
  return `map[${fields.map((field) => `${field}:${goText(value[field])}`).join(" ")}]`;
}
