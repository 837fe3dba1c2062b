import { Agent, request as httpsRequest } from "node:https";
import { connect as tlsConnect } from "node:tls";
import type { MutatingWebhook } from "kubernetes-types/admissionregistration/v1";
import type { PodNetwork } from "../../pod-network.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { isJsonObject, type JsonObject } from "../storage/stored-object.ts";

type Service = NonNullable<MutatingWebhook["clientConfig"]["service"]>;

/** Where a webhook is, and how its certificate is checked. */
interface Target {
  readonly url: URL;
  readonly ca: string | undefined;
  /** A ready pod's address and port, where the webhook is behind a Service. */
  readonly pod: { readonly ip: string; readonly port: number } | undefined;
}

/** Sends AdmissionReviews over HTTPS: to a URL, or through the pod network to a Service's pod. */
export class WebhookCaller {
  readonly #store: ObjectStore;
  readonly #network: () => PodNetwork | undefined;

  constructor(store: ObjectStore, network: () => PodNetwork | undefined) {
    this.#store = store;
    this.#network = network;
  }

  /** The review's response; rejects with Kubernetes' words where there is none. */
  async call(
    _configuration: string,
    webhook: MutatingWebhook,
    review: JsonObject,
  ): Promise<JsonObject> {
    const timeoutSeconds = webhook.timeoutSeconds ?? 10;
    const target = this.#targetOf(webhook, timeoutSeconds);
    const lead = `failed to call webhook: Post "${target.url.href}"`;
    const answer = await this.#post(target, JSON.stringify(review), timeoutSeconds * 1000).catch(
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`${lead}: ${why}`, { cause: error });
      },
    );
    const body: unknown = JSON.parse(answer);
    if (isJsonObject(body) && isJsonObject(body.response)) return body.response;
    throw new Error("expected webhook response of admission.k8s.io/v1, got none");
  }

  #targetOf({ clientConfig }: MutatingWebhook, timeoutSeconds: number): Target {
    const { url, service, caBundle } = clientConfig;
    const ca = caBundle ? Buffer.from(caBundle, "base64").toString() : undefined;
    const query = `?timeout=${timeoutSeconds}s`;
    if (url) return { url: new URL(`${url}${query}`), ca, pod: undefined };
    if (!service) throw new Error("the webhook names neither a URL nor a Service");
    const { name, namespace, path = "/", port = 443 } = service;
    const host = `${name}.${namespace}.svc`;
    const pod = this.#endpointOf(service, port);
    return { url: new URL(`https://${host}:${port}${path}${query}`), ca, pod };
  }

  #endpointOf({ name, namespace }: Service, port: number): Target["pod"] {
    const found = this.#store.get("services", { namespace, name });
    if (!found) throw new Error(`failed to call webhook: service "${name}" not found`);
    const spec = found.spec as { ports?: { port: number; name?: string }[] } | undefined;
    const portName = spec?.ports?.find((one) => one.port === port)?.name ?? "";
    for (const slice of this.#store.list("endpointslices.discovery.k8s.io", namespace)) {
      if (slice.metadata.labels?.["kubernetes.io/service-name"] !== name) continue;
      const { endpoints, ports } = slice as unknown as {
        endpoints?: { addresses: string[]; conditions?: { ready?: boolean } }[] | null;
        ports?: { name?: string; port?: number }[] | null;
      };
      const target = ports?.find((one) => (one.name ?? "") === portName)?.port;
      const ready = endpoints?.find(({ conditions }) => conditions?.ready !== false);
      const [ip] = ready?.addresses ?? [];
      if (ip !== undefined && target !== undefined) return { ip, port: target };
    }
    throw new Error(`failed to call webhook: no endpoints available for service "${name}"`);
  }

  async #post(target: Target, body: string, timeoutMs: number): Promise<string> {
    const agent = target.pod ? await this.#agentFor(target, target.pod, timeoutMs) : undefined;
    return new Promise((resolve, reject) => {
      const request = httpsRequest(target.url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        ...(target.ca ? { ca: target.ca } : {}),
        ...(agent ? { agent } : {}),
        signal: AbortSignal.timeout(timeoutMs),
      });
      request.on("error", (error) => reject(inGoWords(error)));
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(text);
          else
            reject(
              new Error(
                `an error on the server ("${text}") has prevented the request from succeeding`,
              ),
            );
        });
      });
      request.end(body);
    });
  }

  /** An agent whose one connection goes to the pod, and whose certificate is checked for the Service. */
  async #agentFor(
    { url, ca }: Target,
    pod: NonNullable<Target["pod"]>,
    timeoutMs: number,
  ): Promise<Agent> {
    const network = this.#network();
    if (!network) throw new Error("the cluster has no pod network yet");
    const socket = await network.connect(pod.ip, pod.port, { timeoutMs });
    const secure = tlsConnect({ socket, servername: url.hostname, ...(ca ? { ca } : {}) });
    const agent = new Agent({ keepAlive: false });
    agent.createConnection = () => secure;
    return agent;
  }
}

function inGoWords(error: NodeJS.ErrnoException): Error {
  if (error.name === "TimeoutError" || error.name === "AbortError") {
    return new Error("context deadline exceeded", { cause: error });
  }
  if (error.code === "ECONNREFUSED") {
    return new Error("dial tcp: connect: connection refused", { cause: error });
  }
  return error;
}
