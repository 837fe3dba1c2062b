import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { CaMaterial } from "./workload-ca.ts";

/** Answers one JSON request; what it throws is logged and becomes a 400. */
export type JsonHandler = (body: unknown, request: IncomingMessage) => Promise<JsonAnswer>;

export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
}

const largestBytes = 16 << 20;

/** Serves one path of POSTed JSON over TLS. */
export function serveJson(
  port: number,
  path: string,
  credentials: CaMaterial,
  handler: JsonHandler,
): void {
  const listener: RequestListener = (request, response) => {
    if (request.url?.split("?", 1)[0] !== path) return reply(response, 404, "not found\n");
    if (request.method !== "POST") return reply(response, 405, "method not allowed\n");
    readJson(request)
      .then((body) => handler(body, request))
      .then(
        (answer) => reply(response, answer.status, JSON.stringify(answer.body), "application/json"),
        (error: unknown) => reply(response, 400, `${String(error)}\n`),
      );
  };
  const { certificate, key } = credentials;
  createTlsServer({ cert: certificate, key, minVersion: "TLSv1.2" }, listener).listen(port);
}

/** Serves plain texts by path. */
export function serveTexts(
  port: number,
  texts: Readonly<Record<string, () => readonly [status: number, text: string]>>,
): void {
  createServer((request, response) => {
    const text = texts[request.url?.split("?", 1)[0] ?? ""];
    const [status, body] = text?.() ?? [404, "not found\n"];
    reply(response, status, body);
  }).listen(port);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > largestBytes) throw new Error("the request is too large");
  }
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
}

function reply(
  response: ServerResponse,
  status: number,
  body: string,
  type = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, { "content-type": type });
  response.end(body);
}
