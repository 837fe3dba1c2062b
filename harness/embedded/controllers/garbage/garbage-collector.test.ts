import type { Deployment } from "kubernetes-types/apps/v1";
import { expect, test } from "vitest";
import type { KubeObject, Resource } from "../../resource.ts";
import { configMaps, deployments, namespaces, pods, replicaSets } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const key = { namespace: "lab", name: "web" };
const web: Deployment = {
  metadata: key,
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "bb:1" }] },
    },
  },
};

async function started(): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  await cluster.namespace("lab");
  await cluster.client.create(deployments, web);
  await cluster.settle();
  await cluster.runPods("lab");
  return cluster;
}

/** A kind that no part of the cluster works with. */
const roles: Resource<KubeObject & { rules?: unknown[] }> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  plural: "roles",
  namespaced: true,
};

const owned = (name: string, owner: { name: string; uid: string }) => ({
  metadata: {
    name,
    namespace: "lab",
    ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", ...owner }],
  },
});

test("a background deletion removes the owner at once and what it owned after it", async () => {
  await using cluster = await started();
  await cluster.client.delete(deployments, key, { propagationPolicy: "Background" });
  await expect(cluster.client.get(deployments, key)).rejects.toThrow("not found");
  await cluster.settle();
  expect(await cluster.list(replicaSets, "lab")).toEqual([]);
  const left = await cluster.list(pods, "lab");
  expect(left.every(({ metadata }) => metadata?.deletionTimestamp)).toBe(true);
  await cluster.runPods("lab");
  expect(await cluster.list(pods, "lab")).toEqual([]);
});

test("a foreground deletion keeps the owner until the last pod is gone", async () => {
  await using cluster = await started();
  await cluster.client.delete(deployments, key, { propagationPolicy: "Foreground" });
  await cluster.settle();
  expect((await cluster.client.get(deployments, key)).metadata?.finalizers).toEqual([
    "foregroundDeletion",
  ]);
  expect(await cluster.list(replicaSets, "lab")).toHaveLength(1);
  await cluster.runPods("lab");
  expect(await cluster.list(replicaSets, "lab")).toEqual([]);
  await expect(cluster.client.get(deployments, key)).rejects.toThrow("not found");
});

test("an orphaning deletion leaves the ReplicaSet and its pods without owner", async () => {
  await using cluster = await started();
  await cluster.client.delete(deployments, key, { propagationPolicy: "Orphan" });
  await cluster.settle();
  await expect(cluster.client.get(deployments, key)).rejects.toThrow("not found");
  const [replicaSet] = await cluster.list(replicaSets, "lab");
  expect(replicaSet?.metadata?.ownerReferences).toBeUndefined();
  expect(await cluster.list(pods, "lab")).toHaveLength(2);
});

test("a Deployment made again adopts the orphaned ReplicaSet", async () => {
  await using cluster = await started();
  const [before] = await cluster.list(replicaSets, "lab");
  await cluster.client.delete(deployments, key, { propagationPolicy: "Orphan" });
  await cluster.settle();
  const again = await cluster.client.create(deployments, web);
  await cluster.settle();
  const [adopted, ...others] = await cluster.list(replicaSets, "lab");
  expect(others).toEqual([]);
  expect(adopted?.metadata?.uid).toBe(before?.metadata?.uid);
  expect(adopted?.metadata?.ownerReferences?.[0]?.uid).toBe(again.metadata?.uid);
});

test("an object whose owner never existed is deleted", async () => {
  await using cluster = await started();
  await cluster.client.create(configMaps, owned("lost", { name: "nobody", uid: "u" }));
  await cluster.settle();
  await expect(cluster.client.get(configMaps, { ...key, name: "lost" })).rejects.toThrow(
    "not found",
  );
});

test("an object with one owner left stays and forgets the other", async () => {
  await using cluster = await started();
  const one = await cluster.client.create(configMaps, { metadata: { ...key, name: "one" } });
  const lost = owned("shared", { name: "nobody", uid: "u" });
  lost.metadata.ownerReferences.push({
    apiVersion: "v1",
    kind: "ConfigMap",
    name: "one",
    uid: one.metadata?.uid ?? "",
  });
  await cluster.client.create(configMaps, lost);
  await cluster.settle();
  const shared = await cluster.client.get(configMaps, { ...key, name: "shared" });
  expect(shared.metadata?.ownerReferences?.map(({ name }) => name)).toEqual(["one"]);
});

test("a kind that only the API server knows is collected and does not outlive its namespace", async () => {
  await using cluster = await started();
  const owner = await cluster.client.create(configMaps, { metadata: { ...key, name: "owner" } });
  const uid = owner.metadata?.uid ?? "";
  const role = (name: string) => ({ ...owned(name, { name: "owner", uid }), rules: [] });
  await cluster.client.create(roles, role("collected"));
  await cluster.client.create(roles, { metadata: { ...key, name: "kept" } });
  await cluster.client.delete(configMaps, { ...key, name: "owner" });
  await cluster.settle();
  expect((await cluster.list(roles, "lab")).map(({ metadata }) => metadata?.name)).toEqual([
    "kept",
  ]);
  await cluster.client.delete(namespaces, { name: "lab" });
  await cluster.settle();
  await cluster.runPods("lab");
  await cluster.advance(2_000);
  await expect(cluster.client.get(namespaces, { name: "lab" })).rejects.toThrow("not found");
  expect(await cluster.list(roles, "lab")).toEqual([]);
});
