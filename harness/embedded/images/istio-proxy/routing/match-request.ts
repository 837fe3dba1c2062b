import { headerValue } from "../../data-plane/headers.ts";
import type { HttpMatch, StringMatch } from "./istio-types.ts";
import type { RequestView } from "./route.ts";
import { compileStringMatch, isPresence } from "./string-match.ts";

type RequestTest = (request: RequestView) => boolean;

/** Turns one match block into a test: all of its fields must hold. */
export function compileMatch(match: HttpMatch): RequestTest {
  const tests: RequestTest[] = [];
  if (match.uri) {
    const test = compileStringMatch(match.uri, match.ignoreUriCase);
    tests.push((request) => test(pathOf(request)));
  }
  if (match.method) tests.push(testOf(match.method, (request) => request.method));
  if (match.scheme) tests.push(testOf(match.scheme, (request) => request.scheme));
  if (match.authority) tests.push(testOf(match.authority, (request) => request.authority));
  for (const [name, wanted] of Object.entries(match.headers ?? {})) {
    tests.push(testOf(wanted, (request) => fieldOf(request, name)));
  }
  for (const [name, unwanted] of Object.entries(match.withoutHeaders ?? {})) {
    tests.push(withoutHeader(name, unwanted));
  }
  for (const [name, wanted] of Object.entries(match.queryParams ?? {})) {
    tests.push(testOf(wanted, (request) => queryParameter(request, name)));
  }
  return (request) => tests.every((test) => test(request));
}

/** Whether a match block lets every request through, so that later routes are never reached. */
export function isCatchAllMatch(match: HttpMatch): boolean {
  const { uri } = match;
  const anyPath =
    uri === undefined ||
    uri.prefix === "/" ||
    uri.regex === ".*" ||
    uri.regex === "*" ||
    uri.prefix === "";
  const conditions = [match.headers, match.withoutHeaders, match.queryParams];
  return (
    anyPath &&
    conditions.every((condition) => Object.keys(condition ?? {}).length === 0) &&
    !match.method &&
    !match.scheme &&
    !match.authority
  );
}

/** The path without the query. */
export function pathOf(request: RequestView): string {
  const query = request.path.indexOf("?");
  return query < 0 ? request.path : request.path.slice(0, query);
}

function testOf(
  match: StringMatch,
  read: (request: RequestView) => string | undefined,
): RequestTest {
  const test = compileStringMatch(match);
  return (request) => {
    const value = read(request);
    return value !== undefined && test(value);
  };
}

function withoutHeader(name: string, unwanted: StringMatch): RequestTest {
  if (isPresence(unwanted)) return (request) => fieldOf(request, name) === undefined;
  const test = compileStringMatch(unwanted);
  // Istio: for an inverted match, a missing header counts as an empty one.
  return (request) => !test(fieldOf(request, name) ?? "");
}

function fieldOf(request: RequestView, name: string): string | undefined {
  switch (name) {
    case ":method":
      return request.method;
    case ":path":
      return request.path;
    case ":authority":
    case "host":
      return request.authority;
    case ":scheme":
      return request.scheme;
    default:
      return headerValue(request.headers, name.toLowerCase());
  }
}

function queryParameter(request: RequestView, name: string): string | undefined {
  const start = request.path.indexOf("?");
  if (start < 0) return undefined;
  for (const pair of request.path.slice(start + 1).split("&")) {
    const [key = "", value = ""] = pair.split(/=(.*)/s, 2);
    if (key === name) return value;
  }
  return undefined;
}
