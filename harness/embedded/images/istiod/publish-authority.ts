import type { MutatingWebhookConfiguration } from "kubernetes-types/admissionregistration/v1";
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

/**
 * Tells the API server by which authority the webhook's certificate can be known, and tells it again when
 * the configuration is replaced. Resolves when it was told the first time.
 */
export function publishToWebhook(
  client: Client,
  certificate: string,
  options: PublishOptions,
): Promise<void> {
  const caBundle = Buffer.from(certificate).toString("base64");
  const { promise, resolve } = Promise.withResolvers<void>();
  const publish = async (found: MutatingWebhookConfiguration): Promise<void> => {
    const { webhooks = [] } = found;
    const body = webhooks.flatMap(({ clientConfig }, index) =>
      clientConfig.caBundle === caBundle
        ? []
        : [{ op: "add", path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle }],
    );
    if (body.length > 0) {
      const key = { name: webhookName };
      await client.patch(mutatingWebhookConfigurations, key, { type: "json", body });
    }
    resolve();
  };
  const told = (found: MutatingWebhookConfiguration): void => {
    publish(found).catch(options.onError);
  };
  const fieldSelector = `metadata.name=${webhookName}`;
  const watched = { signal: options.signal, fieldSelector };
  createInformer(client, mutatingWebhookConfigurations, watched).on({ added: told, updated: told });
  return promise;
}

/** How long to go on, and whom to tell of failures. */
export interface PublishOptions {
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** Keeps ConfigMap istio-ca-root-cert in every namespace, so that workloads know the mesh's authority. */
export function publishToNamespaces(
  client: Client,
  certificate: string,
  options: PublishOptions,
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
