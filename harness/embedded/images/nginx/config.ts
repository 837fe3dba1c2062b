import type { Place } from "./config-error.ts";
import type { Template } from "./variables.ts";

/** What an nginx configuration asks for, as far as this stand-in can do it. */
export interface Config {
  readonly servers: readonly ServerBlock[];
  readonly upstreams: ReadonlyMap<string, UpstreamBlock>;
}

/** What a server or a location sets and an inner block inherits. */
export interface Settings {
  root?: string;
  index?: readonly string[];
  accessLog?: boolean;
  maxBodyBytes?: number;
  defaultType?: string;
  proxySetHeaders?: readonly (readonly [string, Template])[];
  addHeaders?: readonly AddedHeader[];
  proxyRedirect?: boolean;
  connectTimeoutMs?: number;
  readTimeoutMs?: number;
  nextUpstream?: readonly string[];
}

export interface AddedHeader {
  readonly name: string;
  readonly value: Template;
  readonly always: boolean;
}

export interface ServerBlock {
  readonly listens: readonly { readonly port: number; readonly isDefault: boolean }[];
  /** Lower case; a regular expression begins with "~". */
  readonly names: readonly string[];
  readonly settings: Settings;
  readonly return?: Return;
  readonly locations: readonly Location[];
}

export interface Location {
  readonly kind: "exact" | "prefix" | "prefix-no-regex" | "regex";
  readonly path: string;
  readonly pattern?: RegExp;
  readonly settings: Settings;
  readonly return?: Return;
  readonly proxyPass?: ProxyPass;
}

export interface Return {
  readonly status: number;
  /** A redirect's address or the body. */
  readonly text?: Template;
}

export interface ProxyPass {
  /** host:port or an upstream's name, as written. */
  readonly target: string;
  readonly host: string;
  readonly port: number;
  /** What replaces the location's prefix; undefined passes the request's own URI. */
  readonly uri?: string;
  readonly place: Place;
}

export interface UpstreamBlock {
  readonly name: string;
  readonly servers: readonly UpstreamServer[];
}

export interface UpstreamServer {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly maxFails: number;
  readonly failTimeoutMs: number;
  readonly backup: boolean;
  readonly place: Place;
}
