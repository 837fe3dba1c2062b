import { STATUS_CODES } from "node:http";
import type { HeaderMap, Reply } from "../data-plane/exchange.ts";

/** nginx has its own words for some statuses. */
const words: Readonly<Record<number, string>> = {
  302: "302 Found",
  408: "408 Request Time-out",
  413: "413 Request Entity Too Large",
  414: "414 Request-URI Too Large",
  503: "503 Service Temporarily Unavailable",
  504: "504 Gateway Time-out",
};

/** The page that nginx makes for a status of its own; `server` is what it calls itself. */
export function errorPage(status: number, server: string): string {
  const title = words[status] ?? `${status} ${STATUS_CODES[status] ?? ""}`;
  return [
    "<html>",
    `<head><title>${title}</title></head>`,
    "<body>",
    `<center><h1>${title}</h1></center>`,
    `<hr><center>${server}</center>`,
    "</body>",
    "</html>",
    "",
  ].join("\r\n");
}

/** An answer of nginx's own making, with its page as the body. */
export function replyWithPage(status: number, server: string, headers: HeaderMap = {}): Reply {
  return replyWithText(status, "text/html", errorPage(status, server), headers);
}

/** An answer with this text as the body. */
export function replyWithText(
  status: number,
  type: string,
  body: string,
  headers: HeaderMap = {},
): Reply {
  return {
    status,
    headers: {
      "content-type": type,
      "content-length": String(Buffer.byteLength(body)),
      ...headers,
    },
    body,
  };
}
