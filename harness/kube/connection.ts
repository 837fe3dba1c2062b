import type { KubeConfig, RequestContext } from "@kubernetes/client-node";
import { type Dispatcher, request as send } from "undici";
import { LabError } from "../errors/lab-error.ts";
import { ApiError, type StatusBody } from "./api-error.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface ApiRequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** @default "application/json" */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** Raw access to one cluster's API, over the pool of connections that its KubeConfig keeps. */
export interface KubeApi {
  readonly kubeConfig: KubeConfig;
  /** Sends one request; the answer is parsed JSON. A refusal is an `ApiError`. */
  request<T>(method: Method, path: string, options?: ApiRequestOptions): Promise<T>;
  /** The answer's text as it arrives: logs and watches. */
  stream(path: string, options?: ApiRequestOptions): AsyncIterable<string>;
  /** The answer as text. */
  text(path: string, options?: ApiRequestOptions): Promise<string>;
}

/** Opens the API of the cluster that `kubeConfig` points at; no connection is made yet. */
export function createKubeApi(kubeConfig: KubeConfig): KubeApi {
  const cluster = kubeConfig.getCurrentCluster();
  if (!cluster)
    throw new LabError("CLUSTER_UNREACHABLE", "The kubeconfig's current context names no cluster");
  const server = cluster.server.replace(/\/$/, "");

  async function open(method: Method, path: string, options: ApiRequestOptions) {
    const url = new URL(server + path);
    for (const [key, value] of Object.entries(options.query ?? {}))
      if (value !== undefined) url.searchParams.set(key, String(value));
    const { headers, dispatcher } = await credentials(kubeConfig);
    if (options.body !== undefined)
      headers["content-type"] = options.contentType ?? "application/json";
    try {
      return await send(url, {
        method,
        headers: { accept: "application/json", ...headers },
        ...(dispatcher ? { dispatcher } : {}),
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        ...(options.signal ? { signal: options.signal } : {}),
        bodyTimeout: 0,
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new LabError(
        "CLUSTER_UNREACHABLE",
        `${server} did not answer ${method} ${path}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }

  async function text(method: Method, path: string, options: ApiRequestOptions) {
    const response = await open(method, path, options);
    const body = await response.body.text();
    if (response.statusCode >= 400)
      throw new ApiError(response.statusCode, toStatus(body), `${method} ${path}`);
    return body;
  }

  async function* stream(path: string, options: ApiRequestOptions = {}) {
    const response = await open("GET", path, options);
    if (response.statusCode >= 400)
      throw new ApiError(response.statusCode, toStatus(await response.body.text()), `GET ${path}`);
    const decoder = new TextDecoder();
    for await (const chunk of response.body)
      yield decoder.decode(chunk as Buffer, { stream: true });
  }

  return {
    kubeConfig,
    request: async <T>(method: Method, path: string, options: ApiRequestOptions = {}) =>
      JSON.parse(await text(method, path, options)) as T,
    text: (path, options = {}) => text("GET", path, options),
    stream,
  };
}

/** client-node knows every way of signing in; it is asked for the headers and the pool only. */
async function credentials(kubeConfig: KubeConfig) {
  const headers: Record<string, string> = {};
  let dispatcher: Dispatcher | undefined;
  const collector = {
    setHeaderParam: (name: string, value: string) => void (headers[name.toLowerCase()] = value),
    setDispatcher: (made: Dispatcher) => void (dispatcher = made),
  };
  await kubeConfig.applySecurityAuthentication(collector as unknown as RequestContext);
  return { headers, dispatcher };
}

function toStatus(body: string): StatusBody {
  try {
    return JSON.parse(body) as StatusBody;
  } catch {
    return { message: body.trim() };
  }
}
