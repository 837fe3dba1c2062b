import { StatusError } from "../../status-error.ts";
import { apiVersionOf } from "../../resource.ts";
import { badRequest } from "../errors/api-errors.ts";
import type { ServedKind } from "../rest/served-kinds.ts";
import type { Scalar, SchemaNode } from "../schema/schema-node.ts";
import { schemaOf } from "../schema/schema.ts";
import { isJsonObject, type JsonObject } from "../storage/stored-object.ts";
import { keyElement } from "./compare-fields.ts";
import { elementText } from "./field-set.ts";
import { goText } from "./invalid-patch.ts";

/** Refuses what server-side apply cannot read by the schema, whatever field validation asks for. */
export function checkTypedPatch(served: ServedKind, body: JsonObject, namespace = ""): void {
  const { resource } = served;
  const wanted = apiVersionOf(resource);
  const given = typeof body.apiVersion === "string" ? body.apiVersion : "";
  if (given !== wanted) {
    const versions = `Specified patch version: ${given}, expected: ${wanted}`;
    throw badRequest(`Incorrect version specified in apply patch. ${versions}`);
  }
  const problems = problemsOf(schemaOf(served.schema), body, "");
  if (problems.length === 0) return;
  const name = isJsonObject(body.metadata) ? goText(body.metadata.name ?? "") : "";
  const type = `${resource.group}/${resource.version}, Kind=${resource.kind}`;
  const what = problems.length === 1 ? problems[0] : ["errors:", ...problems].join("\n  ");
  const message = `failed to create typed patch object (${namespace}/${name}; ${type}): ${what}`;
  throw new StatusError(500, "", message);
}

function problemsOf(node: SchemaNode, value: unknown, path: string): string[] {
  if (value === null || value === undefined) return [];
  if (node.form === "scalar") {
    const problem = scalarProblem(node.scalar, value);
    return problem === undefined ? [] : [`${path}: ${problem}`];
  }
  if (node.form === "list") {
    if (!Array.isArray(value)) return [`${path}: expected list, got &{${goText(value)}}`];
    const { merge, item } = node;
    return value.flatMap((one, index) => {
      const element =
        merge.type === "map" ? elementText(keyElement(merge.keys, one)) : `[${index}]`;
      return problemsOf(item, one, `${path}${element}`);
    });
  }
  if (!isJsonObject(value)) return [`${path}: expected map, got &{${goText(value)}}`];
  return Object.entries(value).flatMap(([field, child]) => {
    const at = `${path}.${field}`;
    const childNode = node.form === "map" ? node.value : node.fields.get(field);
    return childNode ? problemsOf(childNode, child, at) : [`${at}: field not declared in schema`];
  });
}

function scalarProblem(scalar: Scalar, value: unknown): string | undefined {
  if (scalar === "string" && typeof value !== "string") {
    return `expected string, got &value.valueUnstructured{Value:${goText(value)}}`;
  }
  if (scalar === "boolean" && typeof value !== "boolean") {
    return `expected boolean, got &{${goText(value)}}`;
  }
  const isNumeric = scalar === "int32" || scalar === "int64" || scalar === "double";
  if (!isNumeric || typeof value === "number") return undefined;
  return `expected numeric (int or float), got ${typeof value === "boolean" ? "bool" : typeof value}`;
}
