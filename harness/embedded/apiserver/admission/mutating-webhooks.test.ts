import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { MutatingWebhookConfiguration } from "kubernetes-types/admissionregistration/v1";
import { expect, test } from "vitest";
import { configMaps, mutatingWebhookConfigurations, namespaces } from "../../resources.ts";
import { createApiServer } from "../api-server.ts";
import { CertificateAuthority } from "../auth/certificates.ts";

/** A webhook that labels every object, over HTTPS with a certificate of its own authority. */
async function startWebhook(allowed = true) {
  const authority = new CertificateAuthority("webhook", Date.now());
  const { certificate, key } = authority.issue({ commonName: "webhook", hosts: ["127.0.0.1"] });
  const server = createServer({ cert: certificate, key }, (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { request: asked } = JSON.parse(body) as { request: { uid: string; name: string } };
      const patch = [{ op: "add", path: "/metadata/labels", value: { seen: asked.name } }];
      const answer = {
        uid: asked.uid,
        allowed,
        ...(allowed
          ? { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }
          : { status: { message: "not today" } }),
      };
      response.end(JSON.stringify({ kind: "AdmissionReview", response: answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/mutate`,
    caBundle: Buffer.from(authority.certificate).toString("base64"),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const rule = {
  operations: ["CREATE"],
  apiGroups: [""],
  apiVersions: ["v1"],
  resources: ["configmaps"],
};

function configuration(
  clientConfig: { url: string; caBundle: string },
  failurePolicy = "Fail",
): MutatingWebhookConfiguration {
  return {
    metadata: { name: "hooks" },
    webhooks: [
      {
        name: "label.kubelab.dev",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy,
        clientConfig,
        namespaceSelector: { matchLabels: { hook: "on" } },
        rules: [rule],
      },
    ],
  };
}

async function clusterWith(hook: MutatingWebhookConfiguration) {
  const { client } = createApiServer();
  await client.create(namespaces, { metadata: { name: "on", labels: { hook: "on" } } });
  await client.create(mutatingWebhookConfigurations, hook);
  return client;
}

test("a webhook changes objects in the namespaces that it selects, and no others", async () => {
  await using webhook = await startWebhook();
  const client = await clusterWith(configuration(webhook));
  const inside = await client.create(configMaps, { metadata: { name: "a", namespace: "on" } });
  const outside = await client.create(configMaps, {
    metadata: { name: "a", namespace: "default" },
  });
  expect(inside.metadata?.labels).toEqual({ seen: "a" });
  expect(outside.metadata?.labels).toBeUndefined();
});

test("a webhook's refusal is the answer, in Kubernetes' words", async () => {
  await using webhook = await startWebhook(false);
  const client = await clusterWith(configuration(webhook));
  await expect(
    client.create(configMaps, { metadata: { name: "a", namespace: "on" } }),
  ).rejects.toThrow('admission webhook "label.kubelab.dev" denied the request: not today');
});

test("a webhook that is not there fails the write, or is passed over where its policy says so", async () => {
  const gone = { url: "https://127.0.0.1:9/mutate", caBundle: "" };
  const strict = await clusterWith(configuration(gone));
  const metadata = { name: "a", namespace: "on" };
  await expect(strict.create(configMaps, { metadata })).rejects.toThrow(
    'failed calling webhook "label.kubelab.dev": failed to call webhook: Post "https://127.0.0.1:9/mutate?timeout=10s": dial tcp: connect: connection refused',
  );
  const lenient = await clusterWith(configuration(gone, "Ignore"));
  await expect(lenient.create(configMaps, { metadata })).resolves.toBeDefined();
});

test("a webhook whose certificate is not its bundle's is not believed", async () => {
  await using webhook = await startWebhook();
  await using other = await startWebhook();
  const client = await clusterWith(configuration({ url: webhook.url, caBundle: other.caBundle }));
  await expect(
    client.create(configMaps, { metadata: { name: "a", namespace: "on" } }),
  ).rejects.toThrow('failed calling webhook "label.kubelab.dev"');
});
