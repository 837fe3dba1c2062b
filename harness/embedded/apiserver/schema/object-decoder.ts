import { StatusError } from "../../status-error.ts";
import { apiVersionOf } from "../../resource.ts";
import { badRequest, qualified } from "../errors/api-errors.ts";
import type { RequestContext } from "../rest/request-context.ts";
import type { ServedKind } from "../rest/served-kinds.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import { decodeBySchema, TypeMismatch } from "./decode.ts";
import { schemaOf } from "./schema.ts";

/** How a failure to read an object is answered: by what went wrong, or by the unknown fields. */
export type DecodeRefusal = (cause: StatusError) => StatusError;

/** Reads an object as its kind's schema has it; unknown fields are refused, told or left out, as asked. */
export function decodeObject(
  served: ServedKind,
  object: ApiObject,
  context: RequestContext,
  refuse: DecodeRefusal = (cause) => badRequest(`${cannot(served)}: ${cause.message}`),
): ApiObject {
  checkType(served, object);
  const { object: decoded, unknownFields } = readBySchema(served, object, refuse);
  if (unknownFields.length > 0) report(unknownFields, context, refuse);
  const { kind } = served.resource;
  const apiVersion = apiVersionOf(served.resource);
  return { ...decoded, kind, apiVersion, metadata: decoded.metadata ?? {} };
}

function readBySchema(
  served: ServedKind,
  object: ApiObject,
  refuse: DecodeRefusal,
): ReturnType<typeof decodeBySchema> {
  try {
    return decodeBySchema(schemaOf(served.schema), object);
  } catch (error) {
    if (error instanceof TypeMismatch) throw invalidType(served, object, error);
    if (error instanceof StatusError) throw refuse(error);
    throw error;
  }
}

function cannot({ resource }: ServedKind): string {
  const { kind, version } = resource;
  return `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}`;
}

/** Custom resources must say what they are; of others the path says it. */
function checkType({ resource, schema }: ServedKind, object: ApiObject): void {
  const wanted = apiVersionOf(resource);
  const implied = schemaOf(schema).custom ? {} : { apiVersion: wanted, kind: resource.kind };
  const kind = object.kind || implied.kind;
  const apiVersion = object.apiVersion || implied.apiVersion;
  if (!kind) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; Object 'Kind' is missing`,
    );
  }
  if (apiVersion !== wanted) {
    throw badRequest(
      `the API version in the data (${apiVersion ?? ""}) does not match the expected API version (${wanted})`,
    );
  }
  if (kind !== resource.kind) {
    const version = JSON.stringify(resource.version);
    throw badRequest(
      `${kind} in version ${version} cannot be handled as a ${resource.kind}: converting (v1.${kind}) to (core.${resource.kind}): unknown conversion`,
    );
  }
}

function report(fields: readonly string[], context: RequestContext, refuse: DecodeRefusal): void {
  const messages = fields.map((field) => `unknown field ${JSON.stringify(field)}`);
  if (context.fieldValidation === "Warn") context.warnings.push(...messages);
  if (context.fieldValidation !== "Strict") return;
  throw refuse(badRequest(`strict decoding error: ${messages.join(", ")}`));
}

/** Custom resources answer a wrong type by validation: 422 with the field. */
function invalidType(
  { resource }: ServedKind,
  object: ApiObject,
  error: TypeMismatch,
): StatusError {
  const name = object.metadata.name ?? "";
  const found = JSON.stringify(error.found);
  const message = `Invalid value: ${found}: ${error.path} in body must be of type ${jsonTypeOf(error.wanted)}: ${found}`;
  const subject = `${qualified(resource.kind, resource.group)} "${name}"`;
  return new StatusError(422, "Invalid", `${subject} is invalid: ${error.path}: ${message}`, {
    name,
    group: resource.group,
    kind: resource.kind,
    causes: [{ reason: "FieldValueTypeInvalid", message, field: error.path }],
  });
}

function jsonTypeOf(goType: string): string {
  if (goType.startsWith("[]")) return "array";
  if (goType.startsWith("map") || goType.startsWith("v1.")) return "object";
  if (goType === "bool") return "boolean";
  if (goType === "float64") return "number";
  return goType.startsWith("int") ? "integer" : goType;
}
