import { readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { createApiServer } from "./api-server.ts";
import { type HttpClientOptions, readKubeConfig } from "../http-client.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceAccounts } from "../resources.ts";
import type { ApiServer } from "./api-server.ts";

/** An HTTP answer as it came. */
export interface HttpAnswer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request; JSON unless `type` says otherwise. */
export interface HttpQuestion {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly anonymous?: boolean;
}

/** A listening API server whose answers a test reads byte by byte. */
export class ServerUnderTest implements AsyncDisposable {
  readonly api: ApiServer;
  readonly kubeConfigPath: string;
  readonly #stop: () => Promise<void>;
  readonly #config: HttpClientOptions;

  private constructor(
    api: ApiServer,
    kubeConfigPath: string,
    config: HttpClientOptions,
    stop: () => Promise<void>,
  ) {
    this.api = api;
    this.kubeConfigPath = kubeConfigPath;
    this.#config = config;
    this.#stop = stop;
  }

  static async start(): Promise<ServerUnderTest> {
    const api = createApiServer();
    const stateDir = await mkdtemp(join(tmpdir(), "kubelab-apiserver-"));
    const listening = await api.listen({ stateDir });
    const path = listening.kubeConfigPath ?? "";
    const config = readKubeConfig(path);
    const metadata = { name: "default", namespace: "default" };
    await api.client.create(serviceAccounts, { metadata });
    return new ServerUnderTest(api, path, config, async () => {
      await listening.stop();
      await rm(stateDir, { recursive: true });
    });
  }

  ask(question: HttpQuestion): Promise<HttpAnswer> {
    const { method = "GET", path, body, type = "application/json", anonymous } = question;
    const { server, caCertificate, certificate, key } = this.#config;
    const text = typeof body === "string" ? body : JSON.stringify(body ?? null);
    return new Promise((resolve, reject) => {
      const request = httpsRequest(`${server}${path}`, {
        method,
        ca: caCertificate,
        ...(anonymous ? {} : { cert: certificate, key }),
        agent: false,
        headers: {
          "user-agent": "curl/8",
          // Node sends the body of a DELETE only where its length is known.
          ...(body === undefined
            ? {}
            : { "content-type": type, "content-length": Buffer.byteLength(text) }),
          ...question.headers,
        },
      });
      request.on("error", reject);
      request.on("response", (response) => {
        let received = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (received += chunk));
        const headers = response.headers as Record<string, string>;
        response.on("error", reject);
        response.on("end", () =>
          resolve({ code: response.statusCode ?? 0, headers, body: received }),
        );
      });
      request.end(body === undefined ? undefined : text);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}

const golden = new URL("../../../fixtures/golden/", import.meta.url);

/** A recorded JSON document. */
export function goldenJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, golden), "utf8")) as unknown;
}

/** A recorded HTTP answer. */
export function goldenAnswer(name: string): HttpAnswer {
  const text = readFileSync(new URL(`errors/${name}.http`, golden), "utf8").replaceAll(
    "\r\n",
    "\n",
  );
  const split = text.indexOf("\n\n");
  const [first = "", ...lines] = text.slice(0, split).split("\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
  ) as Record<string, string>;
  return { code: Number(first.split(" ")[1]), headers, body: text.slice(split + 2) };
}

/** Takes out what differs from run to run: uids, versions, times. */
export function normalised(body: string): unknown {
  const text = body
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UID")
    .replaceAll(/"resourceVersion": "\d+"/g, '"resourceVersion": "N"')
    .replaceAll(/too old resource version: 1 \(\d+\)/g, "too old resource version: 1 (N)")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME")
    .trim();
  return text.startsWith("{") ? (JSON.parse(text) as unknown) : text;
}
