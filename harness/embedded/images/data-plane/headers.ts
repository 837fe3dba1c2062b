import type { HeaderMap } from "./exchange.ts";

/** Headers that belong to one connection and are not passed on (RFC 9110 §7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** node:http's flat list of names and values as a map. */
export function toHeaderMap(raw: readonly string[]): HeaderMap {
  const headers: HeaderMap = Object.create(null) as HeaderMap;
  for (let i = 0; i < raw.length; i += 2) {
    addHeader(headers, (raw[i] as string).toLowerCase(), raw[i + 1] as string);
  }
  return headers;
}

/** Appends a value and keeps those already there. */
export function addHeader(headers: HeaderMap, name: string, value: string): void {
  const present = headers[name];
  if (present === undefined) headers[name] = value;
  else headers[name] = Array.isArray(present) ? [...present, value] : [present, value];
}

/** The values of one header as one string, as Envoy's matchers see them. */
export function headerValue(headers: HeaderMap, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(",") : value;
}

/** Removes what must not outlive this connection, including whatever `Connection` names. */
export function removeHopByHop(headers: HeaderMap): void {
  const named = headers["connection"];
  if (named !== undefined) {
    for (const name of String(named).split(",")) {
      const listed = name.trim().toLowerCase();
      // A client must not be able to take end-to-end framing or routing away by naming it here.
      if (listed !== "content-length" && listed !== "host") delete headers[listed];
    }
  }
  for (const name of hopByHop) delete headers[name];
  const te = headers["te"];
  if (te !== undefined && !/^trailers$/i.test(String(te).trim())) delete headers["te"];
}
