import type { IncomingMessage } from "node:http";
import { parse as parseYaml } from "yaml";
import { StatusError } from "../../status-error.ts";
import { badRequest } from "../errors/api-errors.ts";
import { parseProtobuf, protobufType } from "../schema/protobuf.ts";

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

function parseBody(type: string, body: Buffer, kind: string): unknown {
  if (type === protobufType) return parseProtobuf(body);
  const text = body.toString();
  if (type === "" || type === "application/json" || type.endsWith("+json")) {
    return parseJson(text, kind);
  }
  if (type.endsWith("yaml")) return parseYamlText(text);
  throw new StatusError(
    415,
    "UnsupportedMediaType",
    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    {},
  );
}

/** The content type without its parameters. */
export function mediaType(request: IncomingMessage): string {
  return (request.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
}

function parseJson(text: string, kind: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const why = text.trim() === "" ? "" : `; json parse error: ${goMessage(text)} (${text})`;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind${why}`,
    );
  }
}

/** JSON in YAML's clothes is parsed as JSON, which is much faster. */
function parseYamlText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    try {
      return parseYaml(text) as unknown;
    } catch (error) {
      throw badRequest(`error parsing YAML: ${error instanceof Error ? error.message : "unknown"}`);
    }
  }
}

/** Words the commonest mistakes as Go's JSON parser does. */
function goMessage(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const character = /Unexpected token '(.)'/.exec(message)?.[1];
    if (character) return `invalid character '${character}' looking for beginning of value`;
  }
  return "unexpected end of JSON input";
}

function tooLarge(): StatusError {
  return new StatusError(
    413,
    "RequestEntityTooLarge",
    `Request entity too large: limit is ${maximumBytes}`,
    {},
  );
}
