import type { Exchange, HeaderMap, Reply } from "./exchange.ts";

/** What the proxy answers by itself: the flag and details say why, in Envoy's words. */
export interface LocalReply {
  readonly status: number;
  readonly body?: string;
  readonly headers?: HeaderMap;
  readonly flag?: string;
  readonly details?: string;
}

// gRPC: a proxy's own HTTP status reaches a gRPC client as grpc-status in a 200 answer
// (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md).
const grpcStatusOf = new Map([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [502, 14],
  [503, 14],
  [504, 14],
]);

/** Whether the client speaks gRPC, and so expects its status in trailers. */
export function isGrpc(exchange: Exchange): boolean {
  const type = exchange.headers["content-type"];
  return typeof type === "string" && /^application\/grpc($|[+;])/.test(type);
}

/** Makes the proxy's own answer in the form the client's protocol expects, and records why. */
export function replyLocally(exchange: Exchange, local: LocalReply, grpcStatus?: number): Reply {
  if (local.flag !== undefined) exchange.facts.flags.add(local.flag);
  if (local.details !== undefined) exchange.facts.details = local.details;
  const headers: HeaderMap = { ...local.headers };
  if (isGrpc(exchange)) return grpcReply(local, headers, grpcStatus);
  if (local.body) {
    headers["content-length"] = String(Buffer.byteLength(local.body));
    headers["content-type"] ??= "text/plain";
  } else {
    headers["content-length"] = "0";
  }
  return { status: local.status, headers, body: local.body || undefined };
}

function grpcReply(local: LocalReply, headers: HeaderMap, grpcStatus?: number): Reply {
  headers["content-type"] = "application/grpc";
  headers["grpc-status"] = String(grpcStatus ?? grpcStatusOf.get(local.status) ?? 2);
  if (local.body) headers["grpc-message"] = encodeURIComponent(local.body).replaceAll("%20", " ");
  return { status: 200, headers, body: undefined };
}
