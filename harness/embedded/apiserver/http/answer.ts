import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { stringify as toYaml } from "yaml";
import type { StatusError } from "../../status-error.ts";
import type { ApiObject } from "../storage/stored-object.ts";

const flowSchemaUid = randomUUID();
const priorityLevelUid = randomUUID();
const jsonTexts = new WeakMap<object, string>();

/** The object as JSON, written once for everybody who reads it. */
export function jsonText(object: object): string {
  const known = jsonTexts.get(object);
  if (known !== undefined) return known;
  const text = JSON.stringify(object);
  if (Object.isFrozen(object)) jsonTexts.set(object, text);
  return text;
}

/** Headers that every answer carries. */
export function commonHeaders(contentType: string): Record<string, string> {
  return {
    "audit-id": randomUUID(),
    "cache-control": "no-cache, private",
    "content-type": contentType,
    "x-kubernetes-pf-flowschema-uid": flowSchemaUid,
    "x-kubernetes-pf-prioritylevel-uid": priorityLevelUid,
  };
}

/** A media type of those we write, and its parameters: "as=Table", "v=v1". */
interface AcceptedType {
  readonly type: "application/json" | "application/yaml";
  readonly parameters: readonly string[];
}

/** What the Accept header asks for, in its order, of what we write. */
export function acceptedTypes({ headers }: IncomingMessage): AcceptedType[] {
  return (headers.accept || "*/*").split(",").flatMap((range): AcceptedType[] => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    if (type === "application/yaml") return [{ type, parameters }];
    const isJson = ["application/json", "*/*", "application/*"].includes(type);
    return isJson ? [{ type: "application/json", parameters }] : [];
  });
}

/** One exchange: the request's options and how to answer it. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly warnings: string[] = [];

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    this.url = new URL(request.url ?? "/", "https://kubernetes");
  }

  get query(): URLSearchParams {
    return this.url.searchParams;
  }

  /** Answers with JSON, indented for people, as Kubernetes does for curl and browsers; or with YAML. */
  sendJson(code: number, body: object, headers: Record<string, string> = {}): void {
    const [accepted] = acceptedTypes(this.request);
    if (accepted?.type === "application/yaml" && !headers["content-type"]) {
      const yaml = toYaml(body, {
        sortMapEntries: true,
        lineWidth: 0,
        aliasDuplicateObjects: false,
      });
      return this.send(code, yaml, "application/yaml", headers);
    }
    const text = this.#wantsIndent() ? JSON.stringify(body, undefined, 2) : `${jsonText(body)}\n`;
    this.send(code, text, "application/json", headers);
  }

  sendText(code: number, text: string): void {
    this.send(code, text, "text/plain; charset=utf-8", { "x-content-type-options": "nosniff" });
  }

  sendObject(code: number, object: ApiObject): void {
    this.sendJson(code, object);
  }

  /** Answers a failure with its Status. */
  sendError(error: StatusError): void {
    const headers: Record<string, string> =
      error.code === 403 ? { "x-content-type-options": "nosniff" } : {};
    const retry = error.details?.retryAfterSeconds;
    if (retry) headers["retry-after"] = String(retry);
    this.sendJson(error.code, error.toStatus(), headers);
  }

  send(
    code: number,
    body: string | Buffer,
    contentType: string,
    headers: Record<string, string> = {},
  ): void {
    const { response } = this;
    if (response.headersSent) {
      response.end();
      return;
    }
    for (const text of this.warnings)
      response.appendHeader("warning", `299 - ${JSON.stringify(text)}`);
    response.writeHead(code, {
      ...commonHeaders(contentType),
      ...headers,
      "content-length": Buffer.byteLength(body),
    });
    response.end(this.request.method === "HEAD" ? undefined : body);
  }

  #wantsIndent(): boolean {
    const pretty = this.query.get("pretty");
    if (pretty !== null) return pretty !== "false" && pretty !== "0";
    return /^(curl|Wget|Mozilla\/5\.0)/.test(this.request.headers["user-agent"] ?? "");
  }
}
