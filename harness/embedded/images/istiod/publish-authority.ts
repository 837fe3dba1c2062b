import type { ConfigMap, Namespace, Secret } from "kubernetes-types/core/v1";
import type { Client } from "../../client.ts";
import { createInformer } from "../../informer.ts";
import { configMaps, mutatingWebhookConfigurations, namespaces, secrets } from "../../resources.ts";
import { isStatus } from "../../status-error.ts";
import { WorkloadCa } from "./workload-ca.ts";

const rootNamespace = "istio-system";
const secretKey = { namespace: rootNamespace, name: "istio-ca-secret" };
const rootCertificateName = "istio-ca-root-cert";
const webhookName = "istio-sidecar-injector";

/** The mesh's authority: the one of an earlier istiod, or a new one, kept in Secret istio-ca-secret. */
export async function loadAuthority(client: Client, nowMs: number): Promise<WorkloadCa> {
  try {
    return fromSecret(await client.get(secrets, secretKey));
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
  const ca = WorkloadCa.create(nowMs);
  try {
    await client.create(secrets, toSecret(ca));
    return ca;
  } catch (error) {
    // Another istiod was faster: there must be only one authority.
    if (!isStatus(error, "AlreadyExists")) throw error;
    return fromSecret(await client.get(secrets, secretKey));
  }
}

/** Tells the API server by which authority the webhook's certificate can be known. */
export async function publishToWebhook(client: Client, certificate: string): Promise<void> {
  const key = { name: webhookName };
  const { webhooks = [] } = await client.get(mutatingWebhookConfigurations, key);
  const caBundle = Buffer.from(certificate).toString("base64");
  const body = webhooks.map((_webhook, index) => ({
    op: "add",
    path: `/webhooks/${index}/clientConfig/caBundle`,
    value: caBundle,
  }));
  await client.patch(mutatingWebhookConfigurations, key, { type: "json", body });
}

/** Keeps ConfigMap istio-ca-root-cert in every namespace, so that workloads know the mesh's authority. */
export function publishToNamespaces(
  client: Client,
  certificate: string,
  options: { readonly signal: AbortSignal; readonly onError: (error: unknown) => void },
): void {
  const publish = (namespace: Namespace): void => {
    if (namespace.metadata?.deletionTimestamp !== undefined) return;
    writeRootCertificate(client, namespace.metadata?.name ?? "", certificate).catch(
      options.onError,
    );
  };
  createInformer(client, namespaces, options).on({ added: publish });
}

async function writeRootCertificate(
  client: Client,
  namespace: string,
  certificate: string,
): Promise<void> {
  const object: ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: rootCertificateName, namespace, labels: { "istio.io/config": "true" } },
    data: { "root-cert.pem": certificate },
  };
  try {
    await client.create(configMaps, object);
  } catch (error) {
    // A namespace that is on its way out takes nothing new.
    if (isStatus(error, "NotFound") || isStatus(error, "Forbidden")) return;
    if (!isStatus(error, "AlreadyExists")) throw error;
    const body = { data: object.data };
    await client.patch(
      configMaps,
      { namespace, name: rootCertificateName },
      { type: "merge", body },
    );
  }
}

function toSecret(ca: WorkloadCa): Secret {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "istio.io/ca-root",
    metadata: secretKey,
    data: {
      "ca-cert.pem": encode(ca.material.certificate),
      "ca-key.pem": encode(ca.material.key),
    },
  };
}

function fromSecret(secret: Secret): WorkloadCa {
  const decode = (name: string): string =>
    Buffer.from(secret.data?.[name] ?? "", "base64").toString();
  return WorkloadCa.load({ certificate: decode("ca-cert.pem"), key: decode("ca-key.pem") });
}
