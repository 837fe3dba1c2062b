import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";
import { json, text } from "node:stream/consumers";
import type {
  Client,
  DeleteOptions,
  ListOptions,
  ObjectKey,
  ObjectList,
  Patch,
  PatchType,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./client.ts";
import { apiVersionOf, type KubeObject, type Resource } from "./resource.ts";
import { StatusError, type Status } from "./status-error.ts";

/** How the API server is reached, and as whom. */
export interface HttpClientOptions {
  /** "https://127.0.0.1:6443" */
  readonly server: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly caCertificate: string;
  /** PEM, with `key`. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** Asked for each request, because a pod's token is renewed. */
  readonly token?: (() => string) | undefined;
}

/** A `Client` over HTTPS that keeps its connections. */
export interface HttpClient extends Client {
  /** Closes the connections that are kept. */
  close(): void;
}

/** A client with these credentials; makes no connection yet. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  return new HttpsClient(options);
}

/** What an embedded cluster's kubeconfig says (JSON, which is YAML too). */
export function readKubeConfig(path: string): HttpClientOptions {
  const config = JSON.parse(readFileSync(path, "utf8")) as KubeConfigFile;
  const cluster = config.clusters[0]?.cluster;
  const user = config.users[0]?.user;
  if (!cluster || !user) throw new Error(`${path} names no cluster or no user`);
  return {
    server: cluster.server,
    caCertificate: decode(cluster["certificate-authority-data"]),
    certificate: decode(user["client-certificate-data"]),
    key: decode(user["client-key-data"]),
  };
}

/** The client of a program in a pod, with the pod's ServiceAccount. */
export function createInClusterClient(): HttpClient {
  const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  if (!host || !port)
    throw new Error("this program does not run in a pod: KUBERNETES_SERVICE_HOST is not set");
  return createHttpClient({
    server: `https://${host}:${port}`,
    caCertificate: readFileSync(`${folder}/ca.crt`, "utf8"),
    token: () => readFileSync(`${folder}/token`, "utf8").trim(),
  });
}

interface KubeConfigFile {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly "certificate-authority-data"?: string };
  }[];
  readonly users: readonly {
    readonly user: {
      readonly "client-certificate-data"?: string;
      readonly "client-key-data"?: string;
    };
  }[];
}

interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

const patchTypes: Readonly<Record<PatchType, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

class HttpsClient implements HttpClient {
  readonly #options: HttpClientOptions;
  readonly #agent: Agent;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    const { caCertificate: ca, certificate: cert, key } = options;
    this.#agent = new Agent({
      keepAlive: true,
      ca,
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
    });
  }

  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T> {
    return this.#call({ method: "GET", path: pathOf(resource, key.namespace, key.name) });
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const path = pathOf(resource, options.namespace);
    const { items, metadata } = await this.#call<{
      items: T[];
      metadata: { resourceVersion: string };
    }>({ method: "GET", path, query: selectionOf(options) });
    return { items, resourceVersion: metadata.resourceVersion };
  }

  create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const { namespace, name } = object.metadata ?? {};
    const of = options.subresource ? name : undefined;
    const path = pathOf(resource, namespace, of, options.subresource);
    return this.#call({
      method: "POST",
      path,
      query: writing(options),
      body: typed(resource, object),
    });
  }

  update<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const { namespace, name = "" } = object.metadata ?? {};
    const path = pathOf(resource, namespace, name, options.subresource);
    return this.#call({
      method: "PUT",
      path,
      query: writing(options),
      body: typed(resource, object),
    });
  }

  patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#call({
      method: "PATCH",
      path: pathOf(resource, key.namespace, key.name, options.subresource),
      query: { ...writing(options), force: patch.force },
      body: patch.body,
      contentType: patchTypes[patch.type],
    });
  }

  async delete<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<void> {
    const body = { kind: "DeleteOptions", apiVersion: "v1", ...options };
    await this.#call({ method: "DELETE", path: pathOf(resource, key.namespace, key.name), body });
  }

  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions = {},
  ): AsyncIterable<WatchEvent<T>> {
    const { resourceVersion, signal } = options;
    const query = {
      ...selectionOf(options),
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
    };
    let response: IncomingMessage | undefined;
    try {
      const path = pathOf(resource, options.namespace);
      response = await this.#send({ method: "GET", path, query, signal });
      const lines = createInterface({ input: response });
      // It reports its input's errors also after a caller has left the loop, when nobody else listens.
      lines.on("error", () => {});
      for await (const line of lines) if (line !== "") yield JSON.parse(line) as WatchEvent<T>;
    } catch (error) {
      if (!signal?.aborted) throw error;
    } finally {
      response?.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #call<T>(call: Call): Promise<T> {
    return (await json(await this.#send(call))) as T;
  }

  /** Rejects with a StatusError where the server answers a failure. */
  async #send(call: Call): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const url = new URL(call.path, this.#options.server);
    for (const [name, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const token = this.#options.token?.();
    const sent = request(url, {
      agent: this.#agent,
      method: call.method,
      headers: {
        accept: "application/json",
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : headersOf(body, call.contentType)),
      },
      ...(call.signal ? { signal: call.signal } : {}),
    });
    sent.once("response", resolve);
    sent.once("error", reject);
    sent.end(body);
    const response = await promise;
    if ((response.statusCode ?? 500) < 400) return response;
    throw await toStatusError(response);
  }
}

async function toStatusError(response: IncomingMessage): Promise<StatusError> {
  const answer = await text(response);
  try {
    const { code, reason = "", message = "", details } = JSON.parse(answer) as Status;
    return new StatusError(code, reason, message, details);
  } catch {
    const code = response.statusCode ?? 500;
    return new StatusError(code, "Unknown", answer.trim() || `the server answered ${code}`);
  }
}

function pathOf(
  resource: Resource,
  namespace: string | undefined,
  name?: string,
  subresource?: string,
): string {
  const root = resource.group === "" ? ["api"] : ["apis", resource.group];
  const place = resource.namespaced && namespace !== undefined ? ["namespaces", namespace] : [];
  const parts = [...root, resource.version, ...place, resource.plural, name, subresource];
  return `/${parts
    .filter((part) => part !== undefined)
    .map(encodeURIComponent)
    .join("/")}`;
}

function selectionOf({ labelSelector, fieldSelector }: ListOptions): Call["query"] & object {
  return { labelSelector, fieldSelector };
}

function writing({ fieldManager, dryRun }: WriteOptions): Call["query"] & object {
  return { fieldManager, dryRun: dryRun ? "All" : undefined };
}

/** Node sends a DELETE with a body but without its length. */
function headersOf(body: string, contentType = "application/json"): Record<string, string> {
  return { "content-type": contentType, "content-length": String(Buffer.byteLength(body)) };
}

/** The server wants the kind in the body; objects in caches may lack it. */
function typed<T extends KubeObject>(resource: Resource<T>, object: T): T {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
}

const decode = (base64: string | undefined): string =>
  Buffer.from(base64 ?? "", "base64").toString();
