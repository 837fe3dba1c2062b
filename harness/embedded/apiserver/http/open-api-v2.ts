import { apiVersionOf } from "../../resource.ts";
import type { ServedKind } from "../rest/served-kinds.ts";

/** The one form in which kubectl asks for OpenAPI v2. */
export const openApiV2Type = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/**
 * OpenAPI v2 as kubectl before 1.29 wants it: it must be there, and say of each kind that a patch takes
 * `fieldValidation`, so that kubectl leaves validation to the server. It holds no schemas; those are in v3.
 * Field numbers: google/gnostic, openapiv2/OpenAPIv2.proto.
 */
export function toOpenApiV2(served: readonly ServedKind[]): Buffer {
  const info = message(2, [text(1, "Kubernetes"), text(2, "v1.36.1")]);
  return Buffer.concat([text(1, "2.0"), info, message(8, served.map(toPath))]);
}

function toPath({ resource }: ServedKind): Buffer {
  const { group, version, kind, plural } = resource;
  const path = `/${group === "" ? "api" : "apis"}/${apiVersionOf(resource)}/${plural}/{name}`;
  const type = `group: "${group}"\nkind: ${kind}\nversion: ${version}\n`;
  const extension = [text(1, "x-kubernetes-group-version-kind"), message(2, [text(2, type)])];
  const patch = message(8, [
    ...["dryRun", "fieldManager", "fieldValidation"].map(toParameter),
    message(13, extension),
  ]);
  return message(2, [text(1, path), message(2, [patch])]);
}

/** Operation.parameters → parameter → non-body → query. */
function toParameter(name: string): Buffer {
  const query = message(3, [text(2, "query"), text(4, name), text(6, "string")]);
  return message(8, [message(1, [message(2, [query])])]);
}

function text(field: number, value: string): Buffer {
  return lengthDelimited(field, Buffer.from(value));
}

function message(field: number, parts: readonly Buffer[]): Buffer {
  return lengthDelimited(field, Buffer.concat(parts));
}

function lengthDelimited(field: number, content: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}
