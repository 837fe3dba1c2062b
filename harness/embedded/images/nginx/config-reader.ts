import type {
  Config,
  Location,
  ProxyPass,
  Return,
  ServerBlock,
  Settings,
  UpstreamBlock,
  UpstreamServer,
} from "./config.ts";
import { ConfigError } from "./config-error.ts";
import type { Directive } from "./config-parser.ts";
import { inert, readSetting } from "./settings.ts";
import { compile, hasVariables } from "./variables.ts";

/** Gives the directives of an included file pattern. */
export type Include = (pattern: string, directive: Directive) => readonly Directive[];

type Context = "main" | "events" | "http" | "upstream" | "server" | "location";

/** Where each directive that this stand-in knows may stand, and how many words it takes. */
const known: Readonly<Record<string, readonly [contexts: string, least: number, most: number]>> = {
  events: ["main", 0, 0],
  http: ["main", 0, 0],
  include: ["main http server location", 1, 1],
  upstream: ["http", 1, 1],
  server: ["http upstream", 0, 5],
  listen: ["server", 1, 9],
  server_name: ["server", 1, 99],
  location: ["server", 1, 2],
  return: ["server location", 1, 2],
  proxy_pass: ["location", 1, 1],
  root: ["http server location", 1, 1],
  index: ["http server location", 1, 99],
  default_type: ["http server location", 1, 1],
  add_header: ["http server location", 2, 3],
  client_max_body_size: ["http server location", 1, 1],
  access_log: ["http server location", 1, 2],
  proxy_set_header: ["http server location", 2, 2],
  proxy_redirect: ["http server location", 1, 1],
  proxy_http_version: ["http server location", 1, 1],
  proxy_connect_timeout: ["http server location", 1, 1],
  proxy_read_timeout: ["http server location", 1, 1],
  proxy_next_upstream: ["http server location", 1, 99],
  ...inert,
};

/** The directives' names, for people. */
export const knownDirectives: readonly string[] = Object.keys(known).toSorted();

/** Reads the main file's directives; throws nginx's message for the first thing that is wrong or unknown. */
export function readConfig(directives: readonly Directive[], include: Include): Config {
  const servers: ServerBlock[] = [];
  const upstreams = new Map<string, UpstreamBlock>();

  const readHttp = (http: Directive): void => {
    const settings: Settings = {};
    const inner = checked(http.block ?? [], "http", include);
    for (const directive of inner) readSetting(settings, directive);
    for (const directive of inner) {
      const { name, place } = directive;
      if (name === "server") servers.push(readServer(directive, settings, include));
      if (name !== "upstream") continue;
      const upstream = readUpstream(directive, include);
      if (upstreams.has(upstream.name))
        throw new ConfigError(`duplicate upstream "${upstream.name}"`, place);
      upstreams.set(upstream.name, upstream);
    }
  };
  for (const directive of checked(directives, "main", include)) {
    if (directive.name === "http") readHttp(directive);
    if (directive.name === "events") checked(directive.block ?? [], "events", include);
  }
  return { servers, upstreams };
}

/** The block's directives with the included ones in place, each known, allowed here and well-formed. */
function checked(
  directives: readonly Directive[],
  context: Context,
  include: Include,
): readonly Directive[] {
  return directives.flatMap((directive) => {
    const { name, args, place, block } = directive;
    const rule = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!rule) throw new ConfigError(`unknown directive "${name}"`, place);
    const [contexts, least, most] = rule;
    if (!contexts.split(" ").includes(context))
      throw new ConfigError(`"${name}" directive is not allowed here`, place);
    const takesBlock =
      /^(events|http|upstream|location)$/.test(name) || isServerBlock(directive, context);
    if (takesBlock && !block)
      throw new ConfigError(`directive "${name}" has no opening "{"`, place);
    if (!takesBlock && block)
      throw new ConfigError(`directive "${name}" is not terminated by ";"`, place);
    const leastHere = name === "server" && context === "upstream" ? 1 : least;
    if (args.length < leastHere || args.length > most)
      throw new ConfigError(`invalid number of arguments in "${name}" directive`, place);
    if (name !== "include") return [directive];
    return checked(include(args[0] ?? "", directive), context, include);
  });
}

function isServerBlock({ name }: Directive, context: Context): boolean {
  return name === "server" && context === "http";
}

function readServer(server: Directive, outer: Settings, include: Include): ServerBlock {
  const settings: Settings = { ...outer };
  const inner = checked(server.block ?? [], "server", include);
  const ownNames = new Set<string>();
  for (const directive of inner) readSetting(settings, directive, ownNames);
  const listens = inner.filter(({ name }) => name === "listen").map(readListen);
  const locations: Location[] = [];
  for (const directive of inner.filter(({ name }) => name === "location")) {
    const location = readLocation(directive, settings, include);
    if (locations.some(({ kind, path }) => kind === location.kind && path === location.path))
      throw new ConfigError(`duplicate location "${location.path}"`, directive.place);
    locations.push(location);
  }
  return {
    listens: listens.length > 0 ? listens : [{ port: 80, isDefault: false }],
    names: inner
      .filter(({ name }) => name === "server_name")
      .flatMap(({ args }) => args.map((arg) => (arg.startsWith("~") ? arg : arg.toLowerCase()))),
    settings,
    ...readReturn(inner),
    locations,
  };
}

function readListen({ args, place }: Directive): { port: number; isDefault: boolean } {
  const [address = "", ...options] = args;
  const match = /^(?:(?:\*|\[[0-9a-f:]+\]|\d+\.\d+\.\d+\.\d+):)?(\d+)$/.exec(address);
  if (!match)
    throw new ConfigError(`host not found in "${address}" of the "listen" directive`, place);
  for (const option of options)
    if (option !== "default_server" && !option.startsWith("ipv6only="))
      throw new ConfigError(`invalid parameter "${option}"`, place);
  return { port: Number(match[1]), isDefault: options.includes("default_server") };
}

function readLocation(location: Directive, outer: Settings, include: Include): Location {
  const settings: Settings = { ...outer };
  const inner = checked(location.block ?? [], "location", include);
  const ownNames = new Set<string>();
  for (const directive of inner) readSetting(settings, directive, ownNames);
  const matcher = readMatcher(location);
  const passes = inner.filter(({ name }) => name === "proxy_pass");
  if (passes[1]) throw new ConfigError('"proxy_pass" directive is duplicate', passes[1].place);
  const proxyPass = passes[0] ? readProxyPass(passes[0], matcher.kind) : undefined;
  return { ...matcher, settings, ...readReturn(inner), ...(proxyPass ? { proxyPass } : {}) };
}

function readMatcher({ args, place }: Directive): Pick<Location, "kind" | "path" | "pattern"> {
  const [first = "", second] = args;
  if (second === undefined) {
    if (first.startsWith("@"))
      throw new ConfigError(`named location "${first}" is not known to this stand-in`, place);
    return { kind: "prefix", path: first };
  }
  if (first === "=") return { kind: "exact", path: second };
  if (first === "^~") return { kind: "prefix-no-regex", path: second };
  if (first !== "~" && first !== "~*")
    throw new ConfigError(`invalid location modifier "${first}"`, place);
  try {
    const pattern = new RegExp(second, first === "~*" ? "i" : "");
    return { kind: "regex", path: second, pattern };
  } catch (error) {
    throw new ConfigError(`pcre2_compile() failed: ${(error as Error).message}`, place);
  }
}

function readReturn(directives: readonly Directive[]): { return?: Return } {
  const found = directives.find(({ name }) => name === "return");
  if (!found) return {};
  const [code = "", text] = found.args;
  if (text === undefined && /^(https?:\/\/|\$scheme)/.test(code))
    return { return: { status: 302, text: compile(code) } };
  if (!/^\d{1,3}$/.test(code)) throw new ConfigError(`invalid return code "${code}"`, found.place);
  return {
    return: { status: Number(code), ...(text === undefined ? {} : { text: compile(text) }) },
  };
}

function readProxyPass({ args, place }: Directive, kind: Location["kind"]): ProxyPass {
  const [url = ""] = args;
  if (hasVariables(url))
    throw new ConfigError('variables in "proxy_pass" are not known to this stand-in', place);
  const match = /^http:\/\/([^/:]+)(?::(\d+))?(\/.*)?$/.exec(url);
  if (!match) {
    const https = url.startsWith("https://");
    throw new ConfigError(
      https ? 'https in "proxy_pass" is not known to this stand-in' : "invalid URL prefix",
      place,
    );
  }
  const [, host = "", port, uri] = match;
  if (uri !== undefined && kind === "regex")
    throw new ConfigError(
      '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block',
      place,
    );
  const target = port === undefined ? host : `${host}:${port}`;
  return { target, host, port: Number(port ?? 80), place, ...(uri === undefined ? {} : { uri }) };
}

function readUpstream(upstream: Directive, include: Include): UpstreamBlock {
  const inner = checked(upstream.block ?? [], "upstream", include);
  if (inner.length === 0) throw new ConfigError("no servers are inside upstream", upstream.place);
  return { name: upstream.args[0] ?? "", servers: inner.map(readUpstreamServer) };
}

function readUpstreamServer({ args, place }: Directive): UpstreamServer {
  const [address = "", ...options] = args;
  const match = /^([^:]+)(?::(\d+))?$/.exec(address);
  if (!match) throw new ConfigError(`invalid host in upstream "${address}"`, place);
  const given = { weight: 1, max_fails: 1, fail_timeout: 10 };
  let backup = false;
  for (const option of options) {
    const [, name, value] = /^(weight|max_fails|fail_timeout)=(\d+)s?$/.exec(option) ?? [];
    if (name) given[name as keyof typeof given] = Number(value);
    else if (option === "backup") backup = true;
    else throw new ConfigError(`invalid parameter "${option}"`, place);
  }
  return {
    host: match[1] ?? "",
    port: Number(match[2] ?? 80),
    weight: given.weight,
    maxFails: given.max_fails,
    failTimeoutMs: given.fail_timeout * 1000,
    backup,
    place,
  };
}
