import type { Attributes } from "../auth/authorizer.ts";

/** What a path under /api or /apis names. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly plural: string;
  readonly name: string | undefined;
  readonly subresource: string;
  /** What follows the subresource, for proxies. */
  readonly rest: string;
}

/** Takes a path apart; undefined where it names no resource. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path.split("/").slice(1).map(decodeURIComponent);
  if (parts.at(-1) === "" && parts.length < 8) parts.pop();
  const core = parts[0] === "api";
  if (!core && parts[0] !== "apis") return undefined;
  const [group = "", version = "", ...rest] = core ? ["", ...parts.slice(1)] : parts.slice(1);
  if (version === "" || rest.length === 0) return undefined;
  return { group, version, ...placeOf(rest) };
}

type Place = Omit<ResourcePath, "group" | "version">;

/** Subresources of a namespace itself, not resources in it. */
const ofNamespace = new Set(["status", "finalize"]);

function placeOf(parts: readonly string[]): Place {
  const [first = "", second, third] = parts;
  if (first === "namespaces" && second !== undefined && third !== undefined) {
    if (!ofNamespace.has(third)) return { ...placeIn(parts.slice(2)), namespace: second };
  }
  return { ...placeIn(parts), namespace: undefined };
}

function placeIn(parts: readonly string[]): Omit<Place, "namespace"> {
  const [plural = "", name, subresource = "", ...rest] = parts;
  return { plural, name, subresource, rest: rest.join("/") };
}

/** The verb as authorisation and discovery know it. */
export function verbOf(method: string, path: ResourcePath, query: URLSearchParams): string {
  const one = path.name !== undefined;
  switch (method) {
    case "GET":
    case "HEAD":
      if (isTrue(query.get("watch"))) return "watch";
      return one ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return one ? "delete" : "deletecollection";
    default:
      return method.toLowerCase();
  }
}

/** What authorisation is asked for a request to a resource. */
export function attributesOf(verb: string, path: ResourcePath): Attributes {
  const { group, plural: resource, subresource, name = "" } = path;
  const own = group === "" && resource === "namespaces" && name !== "";
  const namespace = own ? name : path.namespace;
  return { verb, group, resource, subresource, namespace, name };
}

/** Query flags: "true" and "1". */
export function isTrue(value: string | null): boolean {
  return value === "true" || value === "1";
}
