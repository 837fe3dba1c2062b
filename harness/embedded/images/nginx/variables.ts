import { hostname } from "node:os";
import type { Exchange } from "../data-plane/exchange.ts";
import { headerValue } from "../data-plane/headers.ts";
import { ConfigError } from "./config-error.ts";

/** A request as the variables see it. */
export interface RequestView {
  readonly exchange: Exchange;
  /** Decoded and normalised path. */
  readonly uri: string;
  readonly serverName: string;
  readonly serverPort: number;
  /** What proxy_pass names, as written. */
  readonly proxyHost: string;
  /** $1, $2, … of the location's regular expression. */
  readonly captures: readonly (string | undefined)[];
}

/** A text with variables, ready to be filled in for a request. */
export type Template = (view: RequestView) => string;

const variables: Readonly<Record<string, Template>> = {
  host: ({ exchange, serverName }) => hostOf(exchange) || serverName,
  http_host: ({ exchange }) => exchange.authority,
  remote_addr: ({ exchange }) => exchange.downstream.remoteAddress,
  remote_port: ({ exchange }) => String(exchange.downstream.remotePort),
  proxy_add_x_forwarded_for: ({ exchange }) => {
    const sent = headerValue(exchange.headers, "x-forwarded-for");
    const { remoteAddress } = exchange.downstream;
    return sent ? `${sent}, ${remoteAddress}` : remoteAddress;
  },
  proxy_host: ({ proxyHost }) => proxyHost,
  uri: ({ uri }) => uri,
  document_uri: ({ uri }) => uri,
  request_uri: ({ exchange }) => exchange.facts.originalPath,
  args: ({ exchange }) => argsOf(exchange),
  query_string: ({ exchange }) => argsOf(exchange),
  is_args: ({ exchange }) => (argsOf(exchange) === "" ? "" : "?"),
  scheme: ({ exchange }) => exchange.scheme,
  request_method: ({ exchange }) => exchange.method,
  server_name: ({ serverName }) => serverName,
  server_port: ({ serverPort }) => String(serverPort),
  server_protocol: ({ exchange }) => protocolOf(exchange),
  hostname: () => hostname(),
  content_type: ({ exchange }) => headerValue(exchange.headers, "content-type") ?? "",
  content_length: ({ exchange }) => headerValue(exchange.headers, "content-length") ?? "",
};

/** Reads `$name`, `${name}`, `$1`, `$http_<header>` and `$arg_<name>` out of a text; unknown names are refused. */
export function compile(text: string): Template {
  const parts = text.split(/\$\{(\w+)\}|\$(\w+)/);
  const templates = parts.flatMap((part, index): Template[] => {
    if (part === undefined || part === "") return [];
    return index % 3 === 0 ? [() => part] : [variable(part)];
  });
  return (view) => templates.map((template) => template(view)).join("");
}

/** Whether the text has variables at all. */
export function hasVariables(text: string): boolean {
  return /\$\{?\w/.test(text);
}

function variable(name: string): Template {
  const known = variables[name];
  if (known) return known;
  if (/^\d$/.test(name)) return ({ captures }) => captures[Number(name)] ?? "";
  if (name.startsWith("http_")) {
    const header = name.slice("http_".length).replaceAll("_", "-");
    return ({ exchange }) => headerValue(exchange.headers, header) ?? "";
  }
  if (name.startsWith("arg_")) {
    const argument = name.slice("arg_".length);
    return ({ exchange }) => argumentOf(exchange, argument);
  }
  throw new ConfigError(`unknown "${name}" variable`);
}

/** The Host header's name in lower case, without the port. */
export function hostOf(exchange: Exchange): string {
  return exchange.authority.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
}

/** "HTTP/1.1" */
export function protocolOf(exchange: Exchange): string {
  return `HTTP/${exchange.httpVersion === "2" ? "2.0" : exchange.httpVersion}`;
}

/** What follows the path's question mark. */
export function argsOf(exchange: Exchange): string {
  const start = exchange.path.indexOf("?");
  return start < 0 ? "" : exchange.path.slice(start + 1);
}

function argumentOf(exchange: Exchange, name: string): string {
  const prefix = `${name}=`;
  const found = argsOf(exchange)
    .split("&")
    .find((pair) => pair.startsWith(prefix));
  return found?.slice(prefix.length) ?? "";
}
