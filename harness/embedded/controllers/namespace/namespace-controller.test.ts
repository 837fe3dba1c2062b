import { expect, test } from "vitest";
import { configMaps, namespaces, pods, serviceAccounts } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const ca = { namespace: "lab", name: "kube-root-ca.crt" };

async function started(): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  await cluster.namespace("lab");
  return cluster;
}

test("a namespace has the ServiceAccount default and the CA, and gets them back", async () => {
  await using cluster = await started();
  expect((await cluster.client.get(configMaps, ca)).data).toEqual({ "ca.crt": "PEM" });
  await cluster.client.delete(configMaps, ca);
  await cluster.client.delete(serviceAccounts, { namespace: "lab", name: "default" });
  await cluster.settle();
  await cluster.client.get(configMaps, ca);
  await cluster.client.get(serviceAccounts, { namespace: "lab", name: "default" });
});

test("a deleted namespace waits for its pods, says so, and takes the rest along", async () => {
  await using cluster = await started();
  await cluster.client.create(pods, {
    metadata: { namespace: "lab", name: "p" },
    spec: { containers: [{ name: "c", image: "i" }] },
  });
  await cluster.settle();
  await cluster.client.delete(namespaces, { name: "lab" });
  await cluster.settle();
  const { status } = await cluster.client.get(namespaces, { name: "lab" });
  expect(status?.phase).toBe("Terminating");
  expect(
    status?.conditions?.map(({ type, status: is, message }) => `${type} ${is} ${message}`),
  ).toEqual([
    "NamespaceDeletionDiscoveryFailure False All resources successfully discovered",
    "NamespaceDeletionGroupVersionParsingFailure False All legacy kube types successfully parsed",
    "NamespaceDeletionContentFailure False All content successfully deleted, may be waiting on finalization",
    "NamespaceContentRemaining True Some resources are remaining: pods. has 1 resource instances",
    "NamespaceFinalizersRemaining False All content-preserving finalizers finished",
  ]);
  await cluster.client.get(configMaps, ca);
  await cluster.runPods("lab");
  await expect(cluster.client.get(namespaces, { name: "lab" })).rejects.toThrow("not found");
  await expect(cluster.client.get(configMaps, ca)).rejects.toThrow("not found");
});

test("a finalizer on an object holds its namespace, and its condition names it", async () => {
  await using cluster = await started();
  const held = { namespace: "lab", name: "held" };
  await cluster.client.create(configMaps, { metadata: { ...held, finalizers: ["a.b/c"] } });
  await cluster.client.delete(namespaces, { name: "lab" });
  await cluster.settle();
  const { status } = await cluster.client.get(namespaces, { name: "lab" });
  expect(status?.conditions?.at(-1)?.message).toBe(
    "Some content in the namespace has finalizers remaining: a.b/c in 1 resource instances",
  );
  await cluster.client.patch(configMaps, held, {
    type: "merge",
    body: { metadata: { finalizers: null } },
  });
  await cluster.advance(1_000);
  await expect(cluster.client.get(namespaces, { name: "lab" })).rejects.toThrow("not found");
});

test("a namespace made again under the same name is furnished anew", async () => {
  await using cluster = await started();
  await cluster.client.delete(namespaces, { name: "lab" });
  await cluster.settle();
  await cluster.namespace("lab");
  expect((await cluster.client.get(configMaps, ca)).data).toEqual({ "ca.crt": "PEM" });
});
