import type { Endpoint } from "../data-plane/upstream.ts";
import type { IngressSettings, TrafficShaping } from "./annotations.ts";

/** What the controller makes of the cluster's objects; the data path reads nothing else. */
export interface Routing {
  /** By host name; "_" is everybody else's. */
  readonly hosts: ReadonlyMap<string, VirtualHost>;
  /** By name: `<namespace>-<service>-<port>`. */
  readonly backends: ReadonlyMap<string, Backend>;
  /** What could not be used, and whose Ingress it was. */
  readonly problems: readonly Problem[];
}

export interface Problem {
  /** `<namespace>/<name>` */
  readonly ingress: string;
  readonly message: string;
}

/** nginx's server block for one host. */
export interface VirtualHost {
  readonly name: string;
  /** In the order in which they are tried. */
  readonly locations: readonly LocationRule[];
  readonly certificate: Certificate | undefined;
}

/** `default` stands for the certificate that the controller makes itself. */
export type Certificate = "default" | { readonly cert: string; readonly key: string };

/** nginx's location block. */
export interface LocationRule {
  readonly path: string;
  readonly pathType: "Exact" | "Prefix";
  readonly match: "exact" | "prefix" | "regex";
  readonly pattern?: RegExp;
  /** A backend's name; undefined is the built-in default backend, which answers 404. */
  readonly backend: string | undefined;
  readonly ingress: string;
  readonly settings: IngressSettings;
}

/** A Service's port with what is behind it now. */
export interface Backend {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  /** The canaries' backends; only the first is used. */
  readonly alternatives: readonly string[];
  readonly shaping: TrafficShaping | undefined;
}

/** The name of the server for hosts that nobody claims. */
export const anyHost = "_";
