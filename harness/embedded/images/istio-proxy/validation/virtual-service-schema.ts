import { grpcStatusNumber } from "../routing/grpc-status.ts";
import type { HttpRule, VirtualService } from "../routing/istio-types.ts";
import {
  all,
  count,
  duration,
  flag,
  httpStatus,
  ignored,
  listOf,
  mapOf,
  oneOf,
  percentValue,
  port,
  positiveDuration,
  regex,
  rule,
  type Schema,
  shape,
  text,
  unbuilt,
} from "./schema.ts";

type Spec = NonNullable<VirtualService["spec"]>;

const stringMatch = all(
  shape({ exact: text, prefix: text, regex }),
  rule((match: Readonly<Record<string, unknown>>, path, report) => {
    const given = ["exact", "prefix", "regex"].filter((name) => match[name] !== undefined);
    if (given.length > 1) report(path, `only one of ${given.join(", ")} may be set`);
  }),
);
const destination = shape({ host: text, subset: text, port: shape({ number: port }, ["number"]) }, [
  "host",
]);
const headerOperations = shape({ set: mapOf(text), add: mapOf(text), remove: listOf(text) });
const headers = shape({ request: headerOperations, response: headerOperations });
const percentage = shape({ value: percentValue });

const httpMatch = all(
  shape({
    name: text,
    uri: stringMatch,
    scheme: stringMatch,
    method: stringMatch,
    authority: stringMatch,
    headers: mapOf(stringMatch),
    withoutHeaders: mapOf(stringMatch),
    queryParams: mapOf(stringMatch),
    port,
    sourceLabels: mapOf(text),
    sourceNamespace: text,
    gateways: listOf(text),
    ignoreUriCase: flag,
    statPrefix: ignored,
  }),
  rule((match: { readonly headers?: object; readonly withoutHeaders?: object }, path, report) => {
    for (const field of ["headers", "withoutHeaders"] as const) {
      for (const name of Object.keys(match[field] ?? {})) {
        if (name.startsWith("@request.auth.")) unbuilt(name, `${path}.${field}.${name}`, report);
      }
    }
  }),
);

const conditions = new Set([
  "5xx",
  "gateway-error",
  "reset",
  "reset-before-request",
  "connect-failure",
  "refused-stream",
  "retriable-4xx",
  "retriable-status-codes",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
]);
const retryOn: Schema = (value, path, report) => {
  if (typeof value !== "string") return report(path, "expected a string");
  for (const condition of value.split(",").map((part) => part.trim())) {
    if (condition === "" || conditions.has(condition) || /^[1-5]\d\d$/.test(condition)) continue;
    report(path, `${condition} is no condition to retry on, or one that is not supported here`);
  }
};

const grpcStatus: Schema = (value, path, report) => {
  if (grpcStatusNumber(String(value)) === undefined) report(path, "is no gRPC status");
};

const httpRule = all(
  shape({
    name: text,
    match: listOf(httpMatch),
    route: listOf(shape({ destination, weight: count, headers }, ["destination"])),
    redirect: shape({
      uri: text,
      authority: text,
      scheme: oneOf("http", "https"),
      port,
      derivePort: oneOf("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"),
      redirectCode: oneOfNumbers(301, 302, 303, 307, 308),
      prefixRewrite: unbuilt,
    }),
    directResponse: shape({ status: httpStatus, body: shape({ string: text, bytes: unbuilt }) }, [
      "status",
    ]),
    delegate: shape({ name: text, namespace: text }, ["name"]),
    rewrite: shape({
      uri: text,
      authority: text,
      uriRegexRewrite: shape({ match: regex, rewrite: text }, ["match", "rewrite"]),
    }),
    timeout: duration,
    retries: shape({
      attempts: count,
      perTryTimeout: positiveDuration,
      retryOn,
      backoff: positiveDuration,
      retryRemoteLocalities: ignored,
      retryIgnorePreviousHosts: unbuilt,
    }),
    fault: shape({
      delay: shape(
        { percentage, fixedDelay: positiveDuration, exponentialDelay: unbuilt, percent: unbuilt },
        ["fixedDelay"],
      ),
      abort: shape({ percentage, httpStatus, grpcStatus, http2Error: unbuilt }),
    }),
    mirror: destination,
    mirrorPercentage: percentage,
    mirrorPercent: unbuilt,
    mirrors: listOf(shape({ destination, percentage }, ["destination"])),
    corsPolicy: shape({
      allowOrigins: listOf(stringMatch),
      allowOrigin: unbuilt,
      allowMethods: listOf(text),
      allowHeaders: listOf(text),
      exposeHeaders: listOf(text),
      maxAge: duration,
      allowCredentials: flag,
      unmatchedPreflights: oneOf("UNSPECIFIED", "FORWARD", "IGNORE"),
    }),
    headers,
  }),
  rule(judgeHttpRule),
);

const l4Match = shape({
  port,
  sourceLabels: mapOf(text),
  sourceNamespace: text,
  gateways: listOf(text),
  destinationSubnets: unbuilt,
  sourceSubnet: unbuilt,
});

/** VirtualService's spec. */
export const virtualServiceSpec = all(
  shape({
    hosts: listOf(text),
    gateways: listOf(text),
    http: listOf(httpRule),
    tcp: listOf(
      shape({
        match: listOf(l4Match),
        route: listOf(shape({ destination, weight: count }, ["destination"])),
      }),
    ),
    tls: unbuilt,
    exportTo: listOf(text),
  }),
  rule((spec: Spec, path, report) => {
    if ((spec.http ?? []).length === 0 && (spec.tcp ?? []).length === 0) {
      report(path, "http, tcp or tls must be provided in virtual service");
    }
    for (const [index, { route }] of (spec.tcp ?? []).entries()) {
      judgeWeights(route ?? [], `${path}.tcp[${index}].route`, report);
    }
  }),
);

function judgeHttpRule(http: HttpRule, path: string, report: Parameters<Schema>[2]): void {
  const actions = (["route", "redirect", "directResponse", "delegate"] as const).filter((name) => {
    const value = http[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  });
  if (actions.length === 0) report(path, "needs route, redirect, directResponse or delegate");
  if (actions.length > 1) report(path, `only one of ${actions.join(", ")} may be set`);
  if (http.mirror && http.mirrors) report(`${path}.mirrors`, "excludes mirror");
  if (actions[0] === "redirect" || actions[0] === "directResponse") {
    for (const name of ["fault", "rewrite"] as const) {
      if (http[name]) report(`${path}.${name}`, `excludes ${actions[0]}`);
    }
  }
  const abort = http.fault?.abort;
  if (abort && abort.httpStatus === undefined && abort.grpcStatus === undefined) {
    report(`${path}.fault.abort`, "needs httpStatus or grpcStatus");
  }
  judgeWeights(http.route ?? [], `${path}.route`, report);
}

function judgeWeights(
  routes: readonly { readonly weight?: number }[],
  path: string,
  report: Parameters<Schema>[2],
): void {
  const total = routes.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  if (routes.length > 1 && total === 0) report(path, "total destination weight = 0");
}

function oneOfNumbers(...numbers: readonly number[]): Schema {
  return (value, path, report) => {
    if (!numbers.includes(value as number)) report(path, `expected one of ${numbers.join(", ")}`);
  };
}
