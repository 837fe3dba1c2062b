import type { IncomingMessage } from "node:http";
import { parse as parseYaml } from "yaml";
import { StatusError } from "../../status-error.ts";
import type { PatchType } from "../../client.ts";
import { badRequest } from "../errors/api-errors.ts";
import { parseProtobuf, protobufType } from "../schema/protobuf.ts";
import { isJsonObject } from "../storage/stored-object.ts";
import { goJsonMessage } from "../schema/go-json-message.ts";

const maximumBytes = 3 * 1024 * 1024;

/** The request's body as bytes; 413 where it is too long. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maximumBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The request's body, JSON or YAML; `kind` is what is expected, for the message. */
export async function readObject(request: IncomingMessage, kind: string): Promise<unknown> {
  return parseBody(mediaType(request), await readBody(request), kind);
}

/** As readObject, for requests that may come without a body. */
export async function readOptionalObject(request: IncomingMessage, kind: string): Promise<unknown> {
  const body = await readBody(request);
  return body.length === 0 ? {} : parseBody(mediaType(request), body, kind);
}

/** A patch's body; each kind of patch words a broken one in its own way. */
export async function readPatch(request: IncomingMessage, type: PatchType): Promise<unknown> {
  const text = (await readBody(request)).toString();
  if (type === "apply") return parseYamlText(text, "error decoding YAML");
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = goJsonMessage(error);
    throw badRequest(type === "strategic" ? why : `error decoding patch: ${why}`);
  }
}

function parseBody(type: string, body: Buffer, kind: string): unknown {
  if (type === protobufType) return parseProtobuf(body);
  const text = body.toString();
  if (type === "" || type === "application/json" || type.endsWith("+json")) {
    return parseJson(text, kind);
  }
  if (type.endsWith("yaml")) return parseYamlText(text, "error parsing YAML");
  throw new StatusError(
    415,
    "UnsupportedMediaType",
    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  );
}

/** The content type without its parameters. */
export function mediaType(request: IncomingMessage): string {
  return (request.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
}

function parseJson(text: string, kind: string): unknown {
  try {
    const parsed = JSON.parse(text) as unknown;
    if (isJsonObject(parsed)) return parsed;
  } catch (error) {
    throw unrecognised(kind, goJsonMessage(error), text);
  }
  throw unrecognised(kind, notAStruct(text), text);
}

function unrecognised(kind: string, why: string, text: string): StatusError {
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why} (${summary(text)})`,
  );
}

const typeOnly =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function notAStruct(text: string): string {
  const value: unknown = JSON.parse(text);
  const found = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  return `json: cannot unmarshal ${found} into Go value of type ${typeOnly}`;
}

/** The beginning of a body: as text if it looks like an object, else in hexadecimal digits. */
function summary(text: string): string {
  if (text === "") return "<empty>";
  const bytes = Buffer.from(text);
  const encoding = text.startsWith("{") ? "utf8" : "hex";
  const begun = bytes.subarray(0, 30).toString(encoding);
  return bytes.length > 30 ? `${begun} ...` : begun;
}

/** JSON in YAML's clothes is parsed as JSON, which is much faster. */
function parseYamlText(text: string, failure: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    try {
      return parseYaml(text) as unknown;
    } catch (error) {
      throw badRequest(`${failure}: ${error instanceof Error ? error.message : "unknown"}`);
    }
  }
}

function tooLarge(): StatusError {
  return new StatusError(
    413,
    "RequestEntityTooLarge",
    `Request entity too large: limit is ${maximumBytes}`,
    {},
  );
}
