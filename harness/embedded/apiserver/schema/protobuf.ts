import { badRequest } from "../errors/api-errors.ts";
import type { JsonObject } from "../storage/stored-object.ts";
import fieldsByType from "./protobuf-fields.generated.json" with { type: "json" };
import { hasSchema, schemaOf } from "./schema.ts";
import type { ObjectNode, Scalar, SchemaNode } from "./schema-node.ts";
import { type Field, fieldsOf, integerOf } from "./wire-format.ts";

/** The content type in which newer kubectl sends what it creates. */
export const protobufType = "application/vnd.kubernetes.protobuf";

const magic = Buffer.from("k8s\0");
const fieldNames: Readonly<Record<string, Readonly<Record<string, string>>>> = fieldsByType;

/** Zeros that mean something: fields that Go keeps as pointers. Others only say that nothing was set. */
const meaningfulZeros = new Set([
  "automountServiceAccountToken",
  "backoffLimit",
  "completions",
  "enableServiceLinks",
  "gracePeriodSeconds",
  "immutable",
  "maxSurge",
  "maxUnavailable",
  "optional",
  "parallelism",
  "partition",
  "replicas",
  "revisionHistoryLimit",
  "terminationGracePeriodSeconds",
  "weight",
]);

/** Reads an object in Kubernetes' protobuf envelope. */
export function parseProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, 4).equals(magic))
    throw badRequest(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
  let apiVersion = "";
  let kind = "";
  let raw = Buffer.alloc(0);
  for (const { number, bytes } of fieldsOf(body.subarray(4))) {
    if (number === 2) raw = Buffer.from(bytes);
    if (number !== 1) continue;
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) apiVersion = field.bytes.toString();
      if (field.number === 2) kind = field.bytes.toString();
    }
  }
  const type = typeOf(apiVersion, kind);
  return { kind, apiVersion, ...decodeMessage(schemaOf(type), type, raw) };
}

function typeOf(apiVersion: string, kind: string): string {
  const area = apiVersion.startsWith("events.") ? "Events" : "Core";
  const names = [`${area}${kind}`, `Authentication${kind}`, kind];
  const found = names.find((name) => fieldNames[name] && hasSchema(name));
  if (found) return found;
  throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}" in protobuf`);
}

function decodeMessage(node: ObjectNode, type: string, bytes: Buffer): JsonObject {
  const names = fieldNames[type] ?? {};
  const decoded: JsonObject = {};
  for (const field of fieldsOf(bytes)) {
    const name = names[String(field.number)];
    if (name === undefined) continue;
    if (name.startsWith("+")) {
      Object.assign(decoded, decodeMessage(node, name.slice(1), field.bytes));
      continue;
    }
    const child = node.fields.get(name);
    if (child) addValue(decoded, name, child, field);
  }
  return decoded;
}

function addValue(owner: JsonObject, name: string, node: SchemaNode, field: Field): void {
  if (node.form === "list") {
    const present = owner[name];
    const list: unknown[] = Array.isArray(present) ? present : [];
    list.push(decodeValue(node.item, field));
    owner[name] = list;
  } else if (node.form === "map") {
    const entries = (owner[name] ??= {}) as JsonObject;
    let key = "";
    let value: unknown = node.value.form === "scalar" ? "" : {};
    for (const part of fieldsOf(field.bytes)) {
      if (part.number === 1) key = part.bytes.toString();
      else value = decodeValue(node.value, part);
    }
    entries[key] = value;
  } else {
    const value = decodeValue(node, field);
    if (value === undefined || (isZero(value) && !meaningfulZeros.has(name))) return;
    owner[name] = value;
  }
}

function isZero(value: unknown): boolean {
  return value === "" || value === 0 || value === false;
}

function decodeValue(node: SchemaNode, field: Field): unknown {
  if (node.form === "object") return decodeMessage(node, node.name, field.bytes);
  if (node.form === "scalar") return decodeScalar(node.scalar, field);
  // A list within a map is a message of its own.
  const inner: JsonObject = {};
  for (const part of fieldsOf(field.bytes)) addValue(inner, "items", node, part);
  return inner.items ?? [];
}

function decodeScalar(scalar: Scalar, field: Field): unknown {
  const { bytes, value } = field;
  switch (scalar) {
    case "string":
      return bytes.toString();
    case "bytes":
      return bytes.toString("base64");
    case "boolean":
      return value !== 0n;
    case "int32":
    case "int64":
      return integerOf(value);
    case "double":
      return bytes.readDoubleLE(0);
    case "time":
    case "microtime":
      return decodeTime(bytes, scalar === "time" ? 19 : 23);
    case "quantity":
      return [...fieldsOf(bytes)].find(({ number }) => number === 1)?.bytes.toString() ?? "0";
    case "int-or-string":
      return decodeIntOrString(bytes);
    case "any": {
      const raw = [...fieldsOf(bytes)].find(({ number }) => number === 1)?.bytes;
      return raw && raw.length > 0 ? (JSON.parse(raw.toString()) as unknown) : undefined;
    }
    default:
      return undefined;
  }
}

function decodeTime(bytes: Buffer, digits: number): string | undefined {
  let seconds: number | undefined;
  for (const field of fieldsOf(bytes)) if (field.number === 1) seconds = integerOf(field.value);
  if (seconds === undefined) return undefined;
  return `${new Date(seconds * 1000).toISOString().slice(0, digits)}Z`;
}

function decodeIntOrString(bytes: Buffer): string | number {
  let isText = false;
  let number = 0;
  let text = "";
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) isText = field.value === 1n;
    if (field.number === 2) number = integerOf(field.value);
    if (field.number === 3) text = field.bytes.toString();
  }
  return isText ? text : number;
}
