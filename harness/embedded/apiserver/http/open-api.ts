import { createHash } from "node:crypto";
import type { ServedKind } from "../rest/served-kinds.ts";
import type { ListMerge, ObjectNode, Scalar, SchemaNode } from "../schema/schema-node.ts";
import { schemaOf } from "../schema/schema.ts";
import { toOpenApiV2 } from "./open-api-v2.ts";
import { serverVersion } from "./version.ts";

/** The API's description in OpenAPI v3, a document for each group and version, made when first asked for. */
export class OpenApi {
  readonly #served: () => readonly ServedKind[];
  readonly #documents = new Map<string, object>();
  #version2: Buffer | undefined;

  constructor(served: () => readonly ServedKind[]) {
    this.#served = served;
  }

  /** /openapi/v3 */
  index(): object {
    const paths: Record<string, object> = {};
    for (const key of this.#keys()) {
      const hash = createHash("sha512")
        .update(JSON.stringify(this.document(key)))
        .digest("hex");
      paths[key] = { serverRelativeURL: `/openapi/v3/${key}?hash=${hash.toUpperCase()}` };
    }
    return { paths };
  }

  /** /openapi/v2 */
  version2(): Buffer {
    return (this.#version2 ??= toOpenApiV2(this.#served()));
  }

  /** /openapi/v3/api/v1, /openapi/v3/apis/apps/v1, ... */
  document(key: string): object | undefined {
    const known = this.#documents.get(key);
    if (known) return known;
    const served = this.#served().filter((one) => keyOf(one) === key);
    if (served.length === 0) return undefined;
    const document = toDocument(served);
    this.#documents.set(key, document);
    return document;
  }

  #keys(): string[] {
    return [...new Set(this.#served().map(keyOf))].toSorted();
  }
}

function keyOf({ resource: { group, version } }: ServedKind): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

function toDocument(served: readonly ServedKind[]): object {
  const schemas = new SchemaCollector();
  const paths: Record<string, object> = {};
  for (const one of served) {
    schemas.addKind(one);
    Object.assign(paths, pathsOf(one));
  }
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: serverVersion.gitVersion },
    paths,
    components: { schemas: schemas.collected },
  };
}

function pathsOf(served: ServedKind): Record<string, object> {
  const { group, version, kind, plural, namespaced } = served.resource;
  const base = `/${keyOf(served)}`;
  const place = namespaced ? `${base}/namespaces/{namespace}/${plural}` : `${base}/${plural}`;
  const type = { "x-kubernetes-group-version-kind": { group, version, kind } };
  const operation = (action: string, ...parameters: string[]): object => ({
    operationId: `${action}${group}${version}${kind}`,
    ...type,
    "x-kubernetes-action": action,
    parameters: parameters.map((name) => ({ name, in: "query", schema: { type: "string" } })),
    responses: { "200": { description: "OK" } },
  });
  const write = ["dryRun", "fieldManager", "fieldValidation"];
  return {
    [place]: { get: operation("list"), post: operation("post", ...write) },
    [`${place}/{name}`]: {
      get: operation("get"),
      put: operation("put", ...write),
      patch: operation("patch", ...write, "force"),
      delete: operation("delete", "dryRun"),
    },
  };
}

class SchemaCollector {
  readonly collected: Record<string, object> = {};

  addKind({ schema, resource: { group, version, kind } }: ServedKind): void {
    const name = this.#add(schemaOf(schema));
    const known = this.collected[name] as { "x-kubernetes-group-version-kind"?: object[] };
    (known["x-kubernetes-group-version-kind"] ??= []).push({ group, version, kind });
  }

  #add(node: ObjectNode): string {
    const name = `io.k8s.api.${node.custom ? node.name : `v1.${node.name}`}`;
    if (this.collected[name]) return name;
    const schema: Record<string, unknown> = { type: "object" };
    // Known before its properties: types refer to each other in circles.
    this.collected[name] = schema;
    const required = [...node.required].toSorted();
    if (required.length > 0) schema.required = required;
    const fields = [...node.fields].map(([field, child]) => [field, this.#field(field, child)]);
    schema.properties = Object.fromEntries(fields) as object;
    if (node.atomic) schema["x-kubernetes-map-type"] = "atomic";
    return name;
  }

  #field(field: string, node: SchemaNode): object {
    if (field !== "fieldsV1") return this.#property(node);
    const name = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1";
    this.collected[name] = { type: "object" };
    return { allOf: [{ $ref: `#/components/schemas/${name}` }] };
  }

  #property(node: SchemaNode): object {
    if (node.form === "scalar") return this.#scalar(node.scalar);
    if (node.form === "list") {
      const items = this.#property(node.item);
      return { type: "array", items, ...mergeExtensions(node.merge) };
    }
    if (node.form === "map") {
      const extension = node.atomic ? { "x-kubernetes-map-type": "atomic" } : {};
      const additionalProperties = this.#property(node.value);
      return { type: "object", additionalProperties, ...extension };
    }
    const reference = { allOf: [this.#reference(node)], default: {} };
    return node.retainKeys
      ? { ...reference, "x-kubernetes-patch-strategy": "retainKeys" }
      : reference;
  }

  #reference(node: ObjectNode): object {
    return { $ref: `#/components/schemas/${this.#add(node)}` };
  }

  #scalar(scalar: Scalar): object {
    const named = namedScalars[scalar];
    if (!named) return plainScalars[scalar] ?? {};
    const [name, schema] = named;
    this.collected[name] = schema;
    return { allOf: [{ $ref: `#/components/schemas/${name}` }] };
  }
}

function mergeExtensions({ type, keys, patchKey, retainKeys }: ListMerge): object {
  return {
    "x-kubernetes-list-type": type,
    ...(type === "map" ? { "x-kubernetes-list-map-keys": keys } : {}),
    ...(patchKey ? { "x-kubernetes-patch-merge-key": patchKey } : {}),
    ...(patchKey === undefined
      ? {}
      : { "x-kubernetes-patch-strategy": retainKeys ? "merge,retainKeys" : "merge" }),
  };
}

const either = { oneOf: [{ type: "string" }, { type: "number" }] };

const namedScalars: Partial<Record<Scalar, readonly [string, object]>> = {
  quantity: ["io.k8s.apimachinery.pkg.api.resource.Quantity", either],
  "int-or-string": [
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    { oneOf: [{ type: "integer" }, { type: "string" }], format: "int-or-string" },
  ],
  time: ["io.k8s.apimachinery.pkg.apis.meta.v1.Time", { type: "string", format: "date-time" }],
  microtime: [
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
    { type: "string", format: "date-time" },
  ],
};

const plainScalars: Partial<Record<Scalar, object>> = {
  string: { type: "string", default: "" },
  boolean: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  double: { type: "number", format: "double" },
  bytes: { type: "string", format: "byte" },
  // `kubectl explain --recursive` stumbles over a field without a type.
  any: { type: "object" },
};
