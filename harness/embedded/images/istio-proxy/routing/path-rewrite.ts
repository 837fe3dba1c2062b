import type { HttpMatch, HttpRule } from "./istio-types.ts";
import type { PathRewrite, RequestView } from "./route.ts";

type Rewrite = NonNullable<HttpRule["rewrite"]>;
type Redirect = NonNullable<HttpRule["redirect"]>;

/** How a rule's rewrite changes paths that came in by this match block. */
export function compilePathRewrite(
  rewrite: Rewrite | undefined,
  match: HttpMatch | undefined,
): PathRewrite | undefined {
  if (rewrite?.uriRegexRewrite) {
    const { match: pattern, rewrite: substitution } = rewrite.uriRegexRewrite;
    const regex = new RegExp(pattern, "g");
    // RE2 writes groups as \1, JavaScript as $1.
    const replacement = substitution.replaceAll("$", "$$$$").replaceAll(/\\(\d)/g, "$$$1");
    return onPath((path) => path.replace(regex, replacement));
  }
  const uri = rewrite?.uri;
  if (uri === undefined) return undefined;
  const prefix = match?.uri?.prefix;
  const ignoresCase = match?.ignoreUriCase ?? false;
  if (match?.uri === undefined) return onPath((path) => joinPrefix(path, "/", uri, false));
  if (prefix === undefined) return onPath(() => uri);
  return onPath((path) => joinPrefix(path, prefix, uri, ignoresCase));
}

/** Where a redirect sends a request: whatever it does not name stays as it was asked for. */
export function compileRedirect(redirect: Redirect): (request: RequestView) => string {
  return (request) => {
    const scheme = redirect.scheme ?? request.scheme;
    const [, requestHost = "", requestPort] = /^(.*?)(?::(\d+))?$/.exec(request.authority) ?? [];
    const [, host = "", namedPort] =
      /^(.*?)(?::(\d+))?$/.exec(redirect.authority ?? requestHost) ?? [];
    const port = redirectPort(redirect, scheme, namedPort, requestPort);
    const query = request.path.indexOf("?");
    const path =
      redirect.uri === undefined
        ? request.path
        : redirect.uri + (query < 0 ? "" : request.path.slice(query));
    return `${scheme}://${host}${port}${path}`;
  };
}

function redirectPort(
  redirect: Redirect,
  scheme: string,
  named: string | undefined,
  requested: string | undefined,
): string {
  const standard = scheme === "https" ? 443 : 80;
  let port: number | undefined = named === undefined ? undefined : Number(named);
  if (redirect.port !== undefined) port = redirect.port;
  else if (redirect.derivePort === "FROM_REQUEST_PORT" && requested) port = Number(requested);
  else if (keepsRequestPort(redirect) && requested) port = Number(requested);
  return port === undefined || port === standard ? "" : `:${port}`;
}

function keepsRequestPort({ authority, scheme, derivePort }: Redirect): boolean {
  return authority === undefined && scheme === undefined && derivePort === undefined;
}

function joinPrefix(path: string, prefix: string, uri: string, ignoresCase: boolean): string {
  const starts = ignoresCase
    ? path.toLowerCase().startsWith(prefix.toLowerCase())
    : path.startsWith(prefix);
  if (!starts) return path;
  return uri + path.slice(prefix.length);
}

function onPath(change: (path: string) => string): PathRewrite {
  return (path) => {
    const query = path.indexOf("?");
    return query < 0 ? change(path) : change(path.slice(0, query)) + path.slice(query);
  };
}
