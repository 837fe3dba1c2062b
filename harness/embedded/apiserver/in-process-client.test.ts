import { expect, test } from "vitest";
import { createInformer } from "../informer.ts";
import { configMaps, namespaces, pods, serviceAccounts } from "../resources.ts";
import { createApiServer } from "./api-server.ts";

const configMap = (name: string, data: Record<string, string> = {}) => ({
  metadata: { name, namespace: "default" },
  data,
});
const labelled = (on: string) => ({ metadata: { ...configMap("w").metadata, labels: { on } } });
/** A server on which pods can be made. */
async function serverForPods() {
  const server = createApiServer();
  const metadata = { name: "default", namespace: "default" };
  await server.client.create(serviceAccounts, { metadata });
  return server;
}

const pod = { containers: [{ name: "c", image: "i" }] };

test("a new object gets uid, resourceVersion and creationTimestamp, and comes back frozen", async () => {
  const { client } = createApiServer();
  const made = await client.create(configMaps, configMap("a", { k: "v" }));
  expect(made.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
  expect(Number(made.metadata?.resourceVersion)).toBeGreaterThan(0);
  expect(made.metadata?.creationTimestamp).toMatch(/^\d{4}-.*Z$/);
  expect(Object.isFrozen(made.data)).toBe(true);
});

test("a field belongs to the part that wrote it", async () => {
  const server = createApiServer();
  await server.clientOf("kube-scheduler").create(configMaps, configMap("m", { a: "1" }));
  const body = { data: { b: "2" } };
  const key = { name: "m", namespace: "default" };
  const made = await server.clientOf("kubelet").patch(configMaps, key, { type: "merge", body });
  const managers = made.metadata?.managedFields?.map(({ manager }) => manager);
  expect(managers?.toSorted()).toEqual(["kube-scheduler", "kubelet"]);
});

test("a write on top of an older version is refused with Kubernetes' words", async () => {
  const { client } = createApiServer();
  const first = await client.create(configMaps, configMap("u"));
  await client.update(configMaps, { ...first, data: { a: "1" } });
  await expect(client.update(configMaps, { ...first, data: { a: "2" } })).rejects.toThrow(
    'Operation cannot be fulfilled on configmaps "u": the object has been modified; please apply your changes to the latest version and try again',
  );
});

test("an update that changes nothing keeps the resourceVersion", async () => {
  const { client } = createApiServer();
  const first = await client.create(configMaps, configMap("same", { a: "1" }));
  const again = await client.update(configMaps, first);
  expect(again.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
});

test("a pod on a node stays until it is deleted with grace 0", async () => {
  const { client } = await serverForPods();
  const key = { namespace: "default", name: "p" };
  await client.create(pods, { metadata: key, spec: { ...pod, nodeName: "kubelab" } });
  await client.delete(pods, key, { gracePeriodSeconds: 7 });
  const going = await client.get(pods, key);
  expect(going.metadata?.deletionGracePeriodSeconds).toBe(7);
  await client.delete(pods, key, { gracePeriodSeconds: 0 });
  await expect(client.get(pods, key)).rejects.toThrow('pods "p" not found');
});

test("a pod that was never scheduled is gone at once", async () => {
  const { client } = await serverForPods();
  const key = { namespace: "default", name: "p" };
  await client.create(pods, { metadata: key, spec: pod });
  await client.delete(pods, key);
  await expect(client.get(pods, key)).rejects.toThrow('pods "p" not found');
});

test("a finalizer keeps a deleted object until it is taken away", async () => {
  const { client } = createApiServer();
  const key = { namespace: "default", name: "f" };
  const made = configMap("f");
  await client.create(configMaps, { metadata: { ...made.metadata, finalizers: ["a.b/c"] } });
  await client.delete(configMaps, key);
  const going = await client.get(configMaps, key);
  expect(going.metadata?.deletionTimestamp).toBeDefined();
  await client.patch(configMaps, key, { type: "merge", body: { metadata: { finalizers: null } } });
  await expect(client.get(configMaps, key)).rejects.toThrow("not found");
});

test("a namespace is Terminating until it is finalized, and takes nothing new", async () => {
  const { client } = createApiServer();
  await client.create(namespaces, { metadata: { name: "n" } });
  await client.delete(namespaces, { name: "n" });
  const going = await client.get(namespaces, { name: "n" });
  expect(going.status?.phase).toBe("Terminating");
  await expect(
    client.create(configMaps, { metadata: { name: "x", namespace: "n" } }),
  ).rejects.toThrow(
    'configmaps "x" is forbidden: unable to create new content in namespace n because it is being terminated',
  );
  await client.update(namespaces, { ...going, spec: {} }, { subresource: "finalize" });
  await expect(client.get(namespaces, { name: "n" })).rejects.toThrow("not found");
});

test("a watch tells what is there and then each change, by selector", async () => {
  const { client } = createApiServer();
  const stop = new AbortController();
  await client.create(configMaps, labelled("yes"));
  const seen: string[] = [];
  const events = client.watch(configMaps, { labelSelector: "on=yes", signal: stop.signal });
  await client.update(configMaps, labelled("no"));
  await client.update(configMaps, labelled("yes"));
  for await (const event of events) {
    seen.push(event.type);
    if (seen.length === 3) stop.abort();
  }
  expect(seen).toEqual(["ADDED", "DELETED", "ADDED"]);
});

test("a watch from a version that is no longer known is told 410", async () => {
  const { client } = createApiServer();
  const events = client.watch(configMaps, { resourceVersion: "1" });
  for await (const { type, object } of events) {
    expect(type).toBe("ERROR");
    expect(object).toMatchObject({ reason: "Expired", code: 410 });
  }
});

test("an informer follows the server and tells what an object was before", async () => {
  const { client } = createApiServer();
  const stop = new AbortController();
  const informer = createInformer(client, configMaps, { signal: stop.signal });
  const told: string[] = [];
  informer.on({
    added: ({ metadata }) => told.push(`added ${metadata?.name}`),
    updated: ({ data }, old) => told.push(`updated ${old.data?.k} to ${data?.k}`),
    deleted: ({ metadata }) => told.push(`deleted ${metadata?.name}`),
  });
  await client.create(configMaps, configMap("i", { k: "1" }));
  await informer.synced;
  await client.update(configMaps, configMap("i", { k: "2" }));
  await client.delete(configMaps, { namespace: "default", name: "i" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(["added i", "updated 1 to 2", "deleted i"]);
  expect(informer.list()).toEqual([]);
  stop.abort();
});
