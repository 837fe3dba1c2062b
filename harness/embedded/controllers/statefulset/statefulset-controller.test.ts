import type { StatefulSet } from "kubernetes-types/apps/v1";
import { expect, test } from "vitest";
import { createInformer } from "../../informer.ts";
import { controllerRevisions, pods, statefulSets } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const key = { namespace: "lab", name: "db" };

async function started(
  spec: Partial<NonNullable<StatefulSet["spec"]>> = {},
  annotations: Record<string, string> = {},
): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  await cluster.namespace("lab");
  await cluster.client.create(statefulSets, {
    metadata: { ...key, annotations },
    spec: {
      replicas: 3,
      serviceName: "db",
      selector: { matchLabels: { app: "db" } },
      template: {
        metadata: { labels: { app: "db" } },
        spec: { containers: [{ name: "db", image: "bb:1" }] },
      },
      ...spec,
    },
  });
  await cluster.settle();
  return cluster;
}

async function images(cluster: TestCluster): Promise<Record<string, string | undefined>> {
  const all = await cluster.list(pods, "lab");
  return Object.fromEntries(
    all.map(({ metadata, spec }) => [metadata?.name, spec?.containers[0]?.image]),
  );
}

async function patch(cluster: TestCluster, spec: unknown): Promise<void> {
  await cluster.client.patch(statefulSets, key, { type: "merge", body: { spec } });
  await cluster.settle();
}

async function going(cluster: TestCluster): Promise<(string | undefined)[]> {
  const all = await cluster.list(pods, "lab");
  return all.flatMap(({ metadata }) => (metadata?.deletionTimestamp ? [metadata.name] : []));
}

const bb2 = {
  metadata: { labels: { app: "db" } },
  spec: { containers: [{ name: "db", image: "bb:2" }] },
};

test("pods come one after the other, each when the one before is ready", async () => {
  await using cluster = await started();
  expect(await cluster.podNames("lab")).toEqual(["db-0"]);
  await cluster.runPods("lab");
  expect(await cluster.podNames("lab")).toEqual(["db-0", "db-1"]);
  await cluster.runPods("lab");
  await cluster.runPods("lab");
  expect(await cluster.podNames("lab")).toEqual(["db-0", "db-1", "db-2"]);
  const { status } = await cluster.client.get(statefulSets, key);
  expect(status).toMatchObject({ replicas: 3, readyReplicas: 3, currentReplicas: 3 });
});

test("a pod has its name, hostname, subdomain and index for life", async () => {
  await using cluster = await started({ replicas: 1 });
  const [pod] = await cluster.list(pods, "lab");
  expect(pod?.spec).toMatchObject({ hostname: "db-0", subdomain: "db" });
  expect(pod?.metadata?.labels).toMatchObject({
    "apps.kubernetes.io/pod-index": "0",
    "statefulset.kubernetes.io/pod-name": "db-0",
  });
  await cluster.client.delete(pods, { namespace: "lab", name: "db-0" });
  await cluster.removePod(pod ?? {});
  await cluster.settle();
  const [again] = await cluster.list(pods, "lab");
  expect(again?.metadata?.name).toBe("db-0");
  expect(again?.metadata?.uid).not.toBe(pod?.metadata?.uid);
});

test("Parallel makes all pods at once", async () => {
  await using cluster = await started({ podManagementPolicy: "Parallel" });
  expect(await cluster.podNames("lab")).toEqual(["db-0", "db-1", "db-2"]);
});

test("scaling down removes the highest ordinal first and waits until it is gone", async () => {
  await using cluster = await started();
  for (let step = 0; step < 3; step++) await cluster.runPods("lab");
  await patch(cluster, { replicas: 1 });
  expect(await going(cluster)).toEqual(["db-2"]);
  await cluster.runPods("lab");
  expect(await going(cluster)).toEqual(["db-1"]);
  await cluster.runPods("lab");
  expect(await cluster.podNames("lab")).toEqual(["db-0"]);
});

test("a rolling update goes from the highest ordinal to the partition and no further", async () => {
  await using cluster = await started();
  for (let step = 0; step < 3; step++) await cluster.runPods("lab");
  await patch(cluster, {
    template: bb2,
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } },
  });
  for (let step = 0; step < 8; step++) await cluster.runPods("lab");
  expect(await images(cluster)).toEqual({ "db-0": "bb:1", "db-1": "bb:2", "db-2": "bb:2" });
  const { status } = await cluster.client.get(statefulSets, key);
  expect(status?.currentRevision).not.toBe(status?.updateRevision);
  await patch(cluster, { updateStrategy: { rollingUpdate: { partition: 0 } } });
  for (let step = 0; step < 8; step++) await cluster.runPods("lab");
  expect(new Set(Object.values(await images(cluster)))).toEqual(new Set(["bb:2"]));
  const after = (await cluster.client.get(statefulSets, key)).status;
  expect(after?.currentRevision).toBe(after?.updateRevision);
  expect(await cluster.list(controllerRevisions, "lab")).toHaveLength(2);
});

test("OnDelete leaves the pods alone until somebody deletes them", async () => {
  await using cluster = await started({ replicas: 1, updateStrategy: { type: "OnDelete" } });
  await cluster.runPods("lab");
  await patch(cluster, { template: bb2 });
  expect(await images(cluster)).toEqual({ "db-0": "bb:1" });
  await cluster.client.delete(pods, { namespace: "lab", name: "db-0" });
  await cluster.runPods("lab");
  expect(await images(cluster)).toEqual({ "db-0": "bb:2" });
});

test("volumeClaimTemplates are refused by the server, with the field's name", async () => {
  const volumeClaimTemplates = [{ metadata: { name: "data" }, spec: {} }];
  await expect(started({ volumeClaimTemplates })).rejects.toThrow("spec.volumeClaimTemplates");
});

test("maxUnavailable replaces so many at once, and they come back in order", async () => {
  const updateStrategy = { rollingUpdate: { maxUnavailable: 2 } };
  await using cluster = await started({ updateStrategy });
  for (let step = 0; step < 3; step++) await cluster.runPods("lab");
  await patch(cluster, { template: bb2 });
  expect(await going(cluster)).toEqual(["db-1", "db-2"]);
  await cluster.runPods("lab");
  expect(await images(cluster)).toEqual({ "db-0": "bb:1", "db-1": "bb:2" });
  for (let step = 0; step < 6; step++) await cluster.runPods("lab");
  expect(await images(cluster)).toEqual({ "db-0": "bb:2", "db-1": "bb:2", "db-2": "bb:2" });
});

test("a pod that is being stopped counts as ready until its node says otherwise", async () => {
  await using cluster = await started({ replicas: 1 });
  await cluster.runPods("lab");
  await cluster.client.delete(pods, { ...key, name: "db-0" });
  await cluster.settle();
  const { status } = await cluster.client.get(statefulSets, key);
  expect(status).toMatchObject({ replicas: 1, readyReplicas: 1, availableReplicas: 1 });
  expect(status?.currentReplicas).toBeUndefined();
});

test("a pod tells its revision by name, and the revision carries its set's labels and annotations", async () => {
  await using cluster = await started({ replicas: 1 }, { note: "first" });
  const [revision] = await cluster.list(controllerRevisions, "lab");
  const name = revision?.metadata?.name ?? "";
  expect(revision?.metadata).toMatchObject({
    labels: { app: "db", "controller.kubernetes.io/hash": name.replace("db-", "") },
    annotations: { note: "first" },
  });
  const [pod] = await cluster.list(pods, "lab");
  expect(pod?.metadata?.labels?.["controller-revision-hash"]).toBe(name);
});

test("a pod that is lost in the middle of a rolling update comes back new", async () => {
  await using cluster = await started();
  for (let step = 0; step < 3; step++) await cluster.runPods("lab");
  await patch(cluster, { template: bb2 });
  await cluster.client.delete(pods, { ...key, name: "db-0" });
  await cluster.runPods("lab");
  expect(await images(cluster)).toMatchObject({ "db-0": "bb:2", "db-1": "bb:1" });
});

test("the new revision is the current one only when there are as many pods as wanted", async () => {
  await using cluster = await started({ replicas: 1 });
  await cluster.runPods("lab");
  await cluster.client.delete(pods, { ...key, name: "db-0" });
  await patch(cluster, { replicas: 2, template: bb2 });
  await cluster.runPods("lab");
  await cluster.runPods("lab");
  const { status } = await cluster.client.get(statefulSets, key);
  expect(status).toMatchObject({ replicas: 2, readyReplicas: 1, updatedReplicas: 2 });
  expect(status?.currentRevision).not.toBe(status?.updateRevision);
});

test("of pods to remove that are down the lowest goes first", async () => {
  await using cluster = await started();
  for (let step = 0; step < 3; step++) await cluster.runPods("lab");
  for (const pod of await cluster.list(pods, "lab"))
    if (pod.metadata?.name !== "db-0") await cluster.report(pod, { ready: false });
  await patch(cluster, { replicas: 1 });
  expect(await going(cluster)).toEqual([]);
  const db2 = await cluster.client.get(pods, { ...key, name: "db-2" });
  await cluster.report(db2, { ready: true });
  await cluster.settle();
  expect(await going(cluster)).toEqual(["db-2"]);
});

test("a set that is deleted in the foreground counts its pods down", async () => {
  await using cluster = await started({ replicas: 1 });
  await cluster.runPods("lab");
  await cluster.client.delete(statefulSets, key, { propagationPolicy: "Foreground" });
  await cluster.settle();
  const { status } = await cluster.client.get(statefulSets, key);
  expect(status).toMatchObject({ replicas: 1, readyReplicas: 1 });
  expect(status?.currentReplicas).toBeUndefined();
});

test("a set made anew adopts the pods and revisions that the last one left as orphans", async () => {
  await using cluster = await started({ replicas: 1 });
  await cluster.runPods("lab");
  const before = await cluster.client.get(statefulSets, key);
  await cluster.client.delete(statefulSets, key, { propagationPolicy: "Orphan" });
  await cluster.settle();
  const spec = before.spec ?? { serviceName: "", selector: {}, template: {} };
  const again = await cluster.client.create(statefulSets, { metadata: { ...key }, spec });
  await cluster.settle();
  const owners = [
    ...(await cluster.list(controllerRevisions, "lab")),
    ...(await cluster.list(pods, "lab")),
  ].map(({ metadata }) => metadata?.ownerReferences?.[0]?.uid);
  expect(owners).toEqual([again.metadata?.uid, again.metadata?.uid]);
});

test("the status that tells of a new revision has the first old pod counted out", async () => {
  await using cluster = await started({ replicas: 2 });
  for (let step = 0; step < 2; step++) await cluster.runPods("lab");
  const seen: (number | undefined)[] = [];
  const following = new AbortController();
  const { signal } = following;
  createInformer(cluster.client, statefulSets, { signal, clock: cluster.clock }).on({
    updated: ({ status }) => {
      if (status?.updateRevision !== status?.currentRevision) seen.push(status?.currentReplicas);
    },
  });
  await patch(cluster, { template: bb2 });
  following.abort();
  expect(seen).toEqual([1]);
});
