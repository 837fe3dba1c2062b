import { StatusError } from "../../status-error.ts";
import { badRequest } from "../errors/api-errors.ts";
import { isJsonObject, type JsonObject } from "../storage/stored-object.ts";
import { canonicalQuantity } from "./quantity.ts";
import type { ObjectNode, Scalar, SchemaNode } from "./schema-node.ts";

/** What came out of reading an object by its schema. */
export interface Decoded {
  /** Without unknown fields and nulls, quantities in canonical form. */
  readonly object: JsonObject;
  /** Paths of fields that the schema does not have. */
  readonly unknownFields: readonly string[];
}

/** Nulls that Kubernetes keeps because it writes these fields even when they are empty. */
const keptNulls = new Set([
  "lastProbeTime",
  "eventTime",
  "firstTimestamp",
  "lastTimestamp",
  "EndpointSlice.endpoints",
  "EndpointSlice.ports",
]);

/** A value that does not fit its field. */
export class TypeMismatch extends Error {
  readonly path: string;
  readonly found: string;
  readonly wanted: string;

  constructor(path: string, found: string, wanted: string) {
    super(`${path}: ${found} is not ${wanted}`);
    this.path = path;
    this.found = found;
    this.wanted = wanted;
  }
}

/** A value that Go could not put into its field: the answer, and the types for those who word it otherwise. */
export class GoMismatch extends StatusError {
  /** "string", "int64", "map", ... */
  readonly found: string;
  /** "int32", "[]v1.Container", ... */
  readonly wanted: string;

  constructor(message: string, found: string, wanted: string) {
    super(400, "BadRequest", message);
    this.found = found;
    this.wanted = wanted;
  }
}

/** Reads an object by its schema; throws TypeMismatch at the first value that does not fit. */
export function decodeBySchema(node: ObjectNode, value: JsonObject): Decoded {
  const unknownFields: string[] = [];
  const object = new Decoder(unknownFields).object(node, value, "", "", "");
  return { object, unknownFields };
}

class Decoder {
  readonly #unknownFields: string[];

  constructor(unknownFields: string[]) {
    this.#unknownFields = unknownFields;
  }

  /** `path` has indexes, for people; `plain` has none, as Go's messages; `owner` is "Struct". */
  object(node: ObjectNode, value: unknown, path: string, plain: string, owner: string): JsonObject {
    if (!isJsonObject(value)) throw mismatch(value, node, path, plain, owner, `v1.${node.name}`);
    const decoded: JsonObject = {};
    for (const [field, item] of Object.entries(value)) {
      const child = node.fields.get(field);
      const place = join(path, field);
      if (!child) this.#unknownFields.push(place);
      else if (item !== null && item !== undefined) {
        decoded[field] = this.#value(child, item, place, join(plain, field), node);
      } else if (item === null && keepsNull(node, field)) decoded[field] = null;
    }
    return decoded;
  }

  #value(
    node: SchemaNode,
    value: unknown,
    path: string,
    plain: string,
    owner: ObjectNode,
  ): unknown {
    if (node.form === "object") return this.object(node, value, path, plain, owner.name);
    if (node.form === "scalar") {
      return decodeScalar(node.scalar, value, (wanted) =>
        mismatch(value, owner, path, plain, owner.name, wanted),
      );
    }
    if (node.form === "list") {
      if (!Array.isArray(value)) {
        throw mismatch(value, owner, path, plain, owner.name, goType(node));
      }
      return value.map((item, index) =>
        this.#value(node.item, item, `${path}[${index}]`, plain, owner),
      );
    }
    if (!isJsonObject(value)) throw mismatch(value, owner, path, plain, owner.name, goType(node));
    const decoded: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      if (item === null && node.value.form === "scalar" && node.value.scalar === "string") {
        decoded[key] = "";
      } else if (item !== null) {
        decoded[key] = this.#value(node.value, item, join(path, key), plain, owner);
      }
    }
    return decoded;
  }
}

function keepsNull({ name }: ObjectNode, field: string): boolean {
  return keptNulls.has(field) || keptNulls.has(`${name}.${field}`);
}

type Refusal = (wanted: string) => Error;

function decodeScalar(scalar: Scalar, value: unknown, refuse: Refusal): unknown {
  switch (scalar) {
    case "any":
      return value;
    case "string":
    case "microtime":
      if (typeof value !== "string") throw refuse("string");
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw refuse("bool");
      return value;
    case "int32":
    case "int64":
      if (typeof value !== "number" || !Number.isInteger(value)) throw refuse(scalar);
      if (scalar === "int32" && Math.abs(value) > 2_147_483_647) throw refuse(scalar);
      return value;
    case "double":
      if (typeof value !== "number") throw refuse("float64");
      return value;
    case "int-or-string":
      if (typeof value !== "string" && typeof value !== "number") throw refuse("int32");
      return value;
    case "quantity":
      return decodeQuantity(value, refuse);
    case "time":
      if (typeof value !== "string") throw refuse("string");
      if (Number.isNaN(Date.parse(value))) throw badTime(value);
      return value;
    case "bytes":
      if (typeof value !== "string") throw refuse("[]uint8");
      return decodeBytes(value);
    default:
      return value;
  }
}

function decodeQuantity(value: unknown, refuse: Refusal): string {
  if (typeof value !== "string" && typeof value !== "number") throw refuse("string");
  const canonical = canonicalQuantity(String(value));
  if (canonical !== undefined) return canonical;
  throw badRequest(
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  );
}

function badTime(value: string): Error {
  const text = JSON.stringify(value);
  return badRequest(
    `parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`,
  );
}

/** Finds the place where base64 breaks, as Go's decoder reports it. */
function decodeBytes(value: string): string {
  const text = value.replaceAll(/[\r\n]/g, "");
  const wrong = /[^A-Za-z0-9+/]/.exec(text.replace(/={1,2}$/, ""));
  const at = wrong ? wrong.index : text.length % 4 === 0 ? -1 : Math.floor(text.length / 4) * 4;
  if (at >= 0) throw badRequest(`illegal base64 data at input byte ${at}`);
  return text;
}

function mismatch(
  value: unknown,
  node: ObjectNode,
  path: string,
  plain: string,
  owner: string,
  wanted: string,
): Error {
  if (node.custom) return new TypeMismatch(path, jsonType(value), wanted);
  return new GoMismatch(
    `json: cannot unmarshal ${goFound(value)} into Go struct field ${goName(owner)}.${plain} of type ${wanted}`,
    goKind(value),
    wanted,
  );
}

/** Go's structs have no group in front of their names. */
function goName(owner: string): string {
  return owner.replace(/^(Core|Events|Rbac|Discovery)(?=[A-Z])/, "");
}

function goFound(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number" && !Number.isInteger(value)) return `number ${value}`;
  return typeof value;
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "object" ? "map" : typeof value;
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return value === null ? "null" : typeof value;
}

function goType(node: SchemaNode): string {
  if (node.form === "list") return `[]${goType(node.item)}`;
  if (node.form === "map") return `map[string]${goType(node.value)}`;
  if (node.form === "object") return `v1.${node.name}`;
  return node.scalar === "boolean" ? "bool" : node.scalar;
}

function join(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}
