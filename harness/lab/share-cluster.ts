import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { request } from "undici";
import type { Capability, OutsideAddress, StartedCluster } from "../clusters/cluster.ts";
import { keepOneDispatcher } from "../clusters/dispatcher.ts";
import type { ErrorCode } from "../errors/catalogue.ts";
import { LabError } from "../errors/lab-error.ts";
import type { LabCluster } from "./lab-cluster.ts";
import { withAddons } from "./with-addons.ts";

/** How another process reaches a cluster that this one started. Plain data. */
export interface SharedCluster {
  readonly url: string;
  readonly token: string;
  readonly kubeConfigPath: string;
  readonly description: string;
  readonly serverVersion: string;
  readonly capabilities: readonly Capability[];
}

interface Calls {
  outside: Parameters<StartedCluster["outside"]>[0];
  image: { readonly reference: string };
  addon: { readonly name: string };
}

const allCapabilities: readonly Capability[] = ["docker", "load-balancer", "gateway-api"];

/** Answers on loopback what only the process that started the cluster can: addresses, images, add-ons. */
export async function shareCluster(
  cluster: StartedCluster,
  signal: AbortSignal,
): Promise<{ readonly shared: SharedCluster } & AsyncDisposable> {
  const token = randomBytes(24).toString("base64url");
  const lab = withAddons(cluster);
  const calls: { [Name in keyof Calls]: (argument: Calls[Name]) => unknown } = {
    outside: (service) => lab.outside(service),
    image: ({ reference }) => lab.image(reference),
    addon: ({ name }) => lab.addon(name, () => undefined, signal),
  };
  const server = createServer(
    (incoming, response) => void answer(incoming, response, calls, token),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    shared: {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      token,
      kubeConfigPath: cluster.kubeConfigPath,
      description: cluster.description,
      serverVersion: cluster.serverVersion,
      capabilities: allCapabilities.filter((one) => cluster.can(one)),
    },
    async [Symbol.asyncDispose]() {
      await lab.removeAddons();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The cluster that another process shares. */
export function joinSharedCluster(shared: SharedCluster): LabCluster & AsyncDisposable {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(shared.kubeConfigPath);
  const dispatcher = keepOneDispatcher(kubeConfig);
  const ask = async <T>(name: keyof Calls, argument: object, signal?: AbortSignal): Promise<T> => {
    const response = await request(`${shared.url}/${name}`, {
      method: "POST",
      headers: { authorization: `Bearer ${shared.token}` },
      body: JSON.stringify(argument),
      headersTimeout: 0,
      ...(signal ? { signal } : {}),
    });
    const body = (await response.body.json()) as { value?: T; error?: SentError };
    if (body.error)
      throw new LabError(body.error.code, body.error.message, { advice: body.error.advice });
    return body.value as T;
  };
  return {
    description: shared.description,
    serverVersion: shared.serverVersion,
    kubeConfig,
    can: (capability) => shared.capabilities.includes(capability),
    outside: (service) => ask<OutsideAddress>("outside", service),
    image: (reference) => ask<string>("image", { reference }),
    addon: (name, _, signal) => ask<void>("addon", { name }, signal),
    [Symbol.asyncDispose]: () => dispatcher.close(),
  };
}

interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice: string;
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  calls: { [Name in keyof Calls]: (argument: Calls[Name]) => unknown },
  token: string,
): Promise<void> {
  const given = Buffer.from(incoming.headers.authorization ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    response.writeHead(401).end("{}");
    return;
  }
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const call = calls[(incoming.url ?? "").slice(1) as keyof Calls] as (
      argument: unknown,
    ) => unknown;
    const value = await call(JSON.parse(Buffer.concat(chunks).toString("utf8")));
    response.end(JSON.stringify({ value }));
  } catch (error) {
    response.end(JSON.stringify({ error: toSentError(error) }));
  }
}

function toSentError(error: unknown): SentError {
  if (error instanceof LabError)
    return { code: error.code, message: error.message, advice: error.advice };
  const message = error instanceof Error ? error.message : String(error);
  return { code: "CLUSTER_UNREACHABLE", message, advice: "Look at the cluster's log." };
}
