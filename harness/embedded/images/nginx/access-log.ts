import type { Exchange, Reply } from "../data-plane/exchange.ts";
import { headerValue } from "../data-plane/headers.ts";
import { protocolOf } from "./variables.ts";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `20/Nov/2026:10:00:00 +0000` */
export function localTime(nowMs: number): string {
  const time = new Date(nowMs).toISOString();
  const month = months[Number(time.slice(5, 7)) - 1];
  return `${time.slice(8, 10)}/${month}/${time.slice(0, 4)}:${time.slice(11, 19)} +0000`;
}

/** One line in the log format of nginx's own image. */
export function accessLine(exchange: Exchange, reply: Reply, nowMs: number): string {
  const { method, facts, downstream } = exchange;
  const header = (name: string): string => headerValue(exchange.headers, name) ?? "-";
  const request = `${method} ${facts.originalPath} ${protocolOf(exchange)}`;
  const bytes = headerValue(reply.headers, "content-length") ?? "-";
  return (
    `${downstream.remoteAddress} - - [${localTime(nowMs)}] "${request}" ${reply.status} ${bytes}` +
    ` "${header("referer")}" "${header("user-agent")}" "${header("x-forwarded-for")}"`
  );
}
