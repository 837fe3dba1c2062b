import type { OutsideAddress } from "../clusters/cluster.ts";

/** The reader's own machine, as a vantage. */
export const outside: unique symbol = Symbol("outside");

/** Where requests are sent from: a workload or pod of the lab, or outside the cluster. */
export type Vantage = string | typeof outside;

/** How requests share connections: one each, one for all, or a fixed number. */
export type Connections = "new" | "kept-alive" | number;

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** @default "new" */
  readonly connections?: Connections;
  /** Requests under way at the same time. @default 10 */
  readonly concurrency?: number;
  /** @default 5_000 */
  readonly timeoutMs?: number;
  /** From outside: the Service that lets the request in, `name` or `name.namespace`. @default the URL's host */
  readonly through?: string;
  /** From outside: the address to connect to, where it is no Service of the cluster. */
  readonly at?: OutsideAddress;
  /** @default the container of the vantage that has the client */
  readonly container?: string;
}

export interface HttpRequestOptions extends RequestOptions {
  /** @default false */
  readonly http2?: boolean;
  readonly body?: string;
}

export interface GrpcRequestOptions extends Omit<RequestOptions, "headers"> {
  readonly metadata?: Readonly<Record<string, string>>;
  /** The one text field of the request message. @default "" */
  readonly name?: string;
}

/** Requests that are described and not sent: a matcher decides how many to send. */
export interface RequestDescription extends RequestOptions {
  readonly type: "requests";
  readonly from: Vantage;
  readonly protocol: "http" | "http2" | "grpc" | "tcp";
  readonly method: string;
  readonly url: string;
  readonly body?: string;
}

/** The kinds of requests that a vantage can describe. */
export interface Sender {
  get(url: string, options?: HttpRequestOptions): RequestDescription;
  post(url: string, options?: HttpRequestOptions): RequestDescription;
  request(method: string, url: string, options?: HttpRequestOptions): RequestDescription;
  /** A unary call: `grpc("logic:50051", "helloworld.Greeter/SayHello")`. */
  grpc(address: string, method: string, options?: GrpcRequestOptions): RequestDescription;
  /** A connection that says a line and reads one: `tcp("echo:9000")`. */
  tcp(
    address: string,
    options?: Omit<RequestOptions, "headers"> & { readonly line?: string },
  ): RequestDescription;
}

/** Starts a description: `from("deployment/access").get("http://logic:8080/")`. */
export function from(vantage: Vantage): Sender {
  const request: Sender["request"] = (method, url, { http2 = false, ...options } = {}) => ({
    type: "requests",
    from: vantage,
    protocol: http2 ? "http2" : "http",
    method,
    url,
    ...options,
  });
  return {
    request,
    get: (url, options) => request("GET", url, options),
    post: (url, options) => request("POST", url, options),
    grpc: (address, method, { metadata, name, ...options } = {}) => ({
      type: "requests",
      from: vantage,
      protocol: "grpc",
      method,
      url: `grpc://${address}`,
      ...(metadata ? { headers: metadata } : {}),
      ...(name === undefined ? {} : { body: name }),
      ...options,
    }),
    tcp: (address, { line, ...options } = {}) => ({
      type: "requests",
      from: vantage,
      protocol: "tcp",
      method: "line",
      url: `tcp://${address}`,
      ...(line === undefined ? {} : { body: line }),
      ...options,
    }),
  };
}

/** Whether a value is a description made by `from`. */
export function isRequestDescription(value: unknown): value is RequestDescription {
  return (
    typeof value === "object" && value !== null && (value as { type?: unknown }).type === "requests"
  );
}

/** `deployment/access → GET http://logic:8080/ (version: 100)` */
export function describeRequest(description: RequestDescription): string {
  const where = description.from === outside ? "outside" : description.from;
  const headers = Object.entries(description.headers ?? {}).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const extra = headers.length > 0 ? ` (${headers.join(", ")})` : "";
  return `${where} → ${description.method} ${description.url}${extra}`;
}
