import type { Settings } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import type { Directive } from "./config-parser.ts";
import { compile } from "./variables.ts";

/** Directives whose effect cannot be seen here: taken and left alone. */
export const inert: Readonly<Record<string, readonly [string, number, number]>> = {
  daemon: ["main", 1, 1],
  user: ["main", 1, 2],
  pid: ["main", 1, 1],
  worker_processes: ["main", 1, 1],
  worker_connections: ["events", 1, 1],
  error_log: ["main http server location", 1, 2],
  sendfile: ["http server location", 1, 1],
  tcp_nopush: ["http server location", 1, 1],
  tcp_nodelay: ["http server location", 1, 1],
  keepalive_timeout: ["http server location", 1, 2],
  types_hash_max_size: ["http server location", 1, 1],
  server_names_hash_bucket_size: ["http", 1, 1],
  proxy_buffering: ["http server location", 1, 1],
};

const single = new Set([
  "root",
  "default_type",
  "client_max_body_size",
  "proxy_connect_timeout",
  "proxy_read_timeout",
]);

/**
 * Takes one directive into a block's settings. `seen` holds the names that this very block has set:
 * lists replace what was inherited and then grow, and single values may come once.
 */
export function readSetting(settings: Settings, directive: Directive, seen = new Set<string>()) {
  const { name, args, place } = directive;
  const [value = ""] = args;
  const again = seen.has(name);
  if (again && single.has(name)) throw new ConfigError(`"${name}" directive is duplicate`, place);
  seen.add(name);
  switch (name) {
    case "root":
      settings.root = value.replace(/\/+$/, "");
      break;
    case "index":
      settings.index = args;
      break;
    case "default_type":
      settings.defaultType = value;
      break;
    case "access_log":
      settings.accessLog = value !== "off";
      break;
    case "client_max_body_size":
      settings.maxBodyBytes = toBytes(directive);
      break;
    case "add_header":
      settings.addHeaders = [
        ...(again ? (settings.addHeaders ?? []) : []),
        { name: value, value: compile(args[1] ?? ""), always: args[2] === "always" },
      ];
      break;
    case "proxy_set_header":
      settings.proxySetHeaders = [
        ...(again ? (settings.proxySetHeaders ?? []) : []),
        [value, compile(args[1] ?? "")],
      ];
      break;
    case "proxy_redirect":
      if (value !== "off" && value !== "default")
        throw new ConfigError(`invalid parameter "${value}"`, place);
      settings.proxyRedirect = value === "default";
      break;
    case "proxy_http_version":
      if (value !== "1.0" && value !== "1.1")
        throw new ConfigError(`invalid value "${value}"`, place);
      break;
    case "proxy_connect_timeout":
      settings.connectTimeoutMs = toMs(directive);
      break;
    case "proxy_read_timeout":
      settings.readTimeoutMs = toMs(directive);
      break;
    case "proxy_next_upstream":
      settings.nextUpstream = args;
      break;
    default:
  }
}

function toMs({ name, args: [value = ""], place }: Directive): number {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, "": 1000, m: 60_000 };
  const [, digits, unit = ""] = /^(\d+)(ms|s|m)?$/.exec(value) ?? [];
  if (digits === undefined) throw new ConfigError(`"${name}" directive invalid value`, place);
  return Number(digits) * (units[unit] ?? 1000);
}

function toBytes({ name, args: [value = ""], place }: Directive): number {
  const units: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
  const [, digits, unit = ""] = /^(\d+)([kmg])?$/.exec(value.toLowerCase()) ?? [];
  if (digits === undefined) throw new ConfigError(`"${name}" directive invalid value`, place);
  return Number(digits) * (units[unit] ?? 1);
}
