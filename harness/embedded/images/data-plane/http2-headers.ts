import type { IncomingHttpHeaders } from "node:http2";
import type { Exchange, HeaderMap } from "./exchange.ts";

/** Node's HTTP/2 headers without the pseudo-headers, which an exchange keeps as fields. */
export function fromHttp2Headers(received: IncomingHttpHeaders): HeaderMap {
  const headers: HeaderMap = Object.create(null) as HeaderMap;
  for (const [name, value] of Object.entries(received)) {
    if (value !== undefined && !name.startsWith(":")) headers[name] = value;
  }
  return headers;
}

/** The head of a request as HTTP/2 sends it. */
export function toHttp2Headers(exchange: Exchange): Record<string, string | string[]> {
  return {
    ":method": exchange.method,
    ":path": exchange.path,
    ":scheme": exchange.scheme,
    ":authority": exchange.authority,
    ...exchange.headers,
  };
}
