import type { Deployment } from "kubernetes-types/apps/v1";
import { expect, test } from "vitest";
import { deployments, pods, replicaSets } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const key = { namespace: "lab", name: "web" };

function web(spec: Partial<NonNullable<Deployment["spec"]>> = {}, image = "bb:1"): Deployment {
  return {
    metadata: { ...key },
    spec: {
      replicas: 4,
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
      },
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image }] },
      },
      ...spec,
    },
  };
}

async function started(deployment: Deployment): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  await cluster.namespace("lab");
  await cluster.client.create(deployments, deployment);
  await cluster.settle();
  await cluster.runPods("lab");
  return cluster;
}

async function setImage(cluster: TestCluster, image: string): Promise<void> {
  const body = { spec: { template: { spec: { containers: [{ name: "web", image }] } } } };
  await cluster.client.patch(deployments, key, { type: "merge", body });
  await cluster.settle();
}

test("a new Deployment gets one ReplicaSet with its revision and as many pods as it asks for", async () => {
  await using cluster = await started(web());
  const [replicaSet, ...others] = await cluster.list(replicaSets, "lab");
  expect(others).toEqual([]);
  expect(replicaSet?.metadata?.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{6,10}$/);
  expect(replicaSet?.metadata?.annotations).toEqual({
    "deployment.kubernetes.io/desired-replicas": "4",
    "deployment.kubernetes.io/max-replicas": "5",
    "deployment.kubernetes.io/revision": "1",
  });
  const { metadata, status } = await cluster.client.get(deployments, key);
  expect(metadata?.annotations).toEqual({ "deployment.kubernetes.io/revision": "1" });
  expect(status).toMatchObject({
    observedGeneration: 1,
    replicas: 4,
    updatedReplicas: 4,
    readyReplicas: 4,
    availableReplicas: 4,
    terminatingReplicas: 0,
  });
  const name = replicaSet?.metadata?.name;
  expect(status?.conditions?.map(({ type, reason, message }) => [type, reason, message])).toEqual([
    ["Available", "MinimumReplicasAvailable", "Deployment has minimum availability."],
    ["Progressing", "NewReplicaSetAvailable", `ReplicaSet "${name}" has successfully progressed.`],
  ]);
  expect(await cluster.events("lab", "Deployment")).toEqual([
    `Normal ScalingReplicaSet Scaled up replica set ${name} from 0 to 4`,
  ]);
});

test("a rolling update never leaves the bounds of maxSurge and maxUnavailable", async () => {
  await using cluster = await started(web());
  await setImage(cluster, "bb:2");
  for (let step = 0; step < 12; step++) {
    const all = await cluster.list(pods, "lab");
    const active = all.filter(({ metadata }) => !metadata?.deletionTimestamp);
    const ready = active.filter(({ status }) => status?.podIP !== undefined);
    expect(active.length).toBeLessThanOrEqual(5);
    expect(ready.length).toBeGreaterThanOrEqual(3);
    await cluster.runPods("lab");
  }
  const images = (await cluster.list(pods, "lab")).map(({ spec }) => spec?.containers[0]?.image);
  expect(images).toEqual(["bb:2", "bb:2", "bb:2", "bb:2"]);
});

test("a rollback revives the old ReplicaSet under a new revision and remembers the old one", async () => {
  await using cluster = await started(web());
  const [first] = await cluster.list(replicaSets, "lab");
  await setImage(cluster, "bb:2");
  for (let step = 0; step < 12; step++) await cluster.runPods("lab");
  await setImage(cluster, "bb:1");
  for (let step = 0; step < 12; step++) await cluster.runPods("lab");
  const revived = await cluster.client.get(replicaSets, {
    namespace: "lab",
    name: first?.metadata?.name ?? "",
  });
  expect(revived.status?.availableReplicas).toBe(4);
  expect(revived.metadata?.annotations).toMatchObject({
    "deployment.kubernetes.io/revision": "3",
    "deployment.kubernetes.io/revision-history": "1",
  });
  const { metadata } = await cluster.client.get(deployments, key);
  expect(metadata?.annotations?.["deployment.kubernetes.io/revision"]).toBe("3");
});

test("a rollout that stands still is reported once its deadline has passed", async () => {
  await using cluster = await started(web({ progressDeadlineSeconds: 8 }));
  await setImage(cluster, "nope:1");
  await cluster.advance(8_000);
  const progressing = async () =>
    (await cluster.client.get(deployments, key)).status?.conditions?.find(
      ({ type }) => type === "Progressing",
    );
  expect((await progressing())?.reason).toBe("ReplicaSetUpdated");
  await cluster.advance(2_000);
  expect(await progressing()).toMatchObject({
    status: "False",
    reason: "ProgressDeadlineExceeded",
    message: expect.stringMatching(/^ReplicaSet "web-\w+" has timed out progressing\.$/),
  });
});

test("Recreate starts nothing new before the last old pod is gone", async () => {
  await using cluster = await started(web({ strategy: { type: "Recreate" }, replicas: 2 }));
  await setImage(cluster, "bb:2");
  const going = await cluster.list(pods, "lab");
  expect(going.map(({ spec }) => spec?.containers[0]?.image)).toEqual(["bb:1", "bb:1"]);
  expect(going.every(({ metadata }) => metadata?.deletionTimestamp)).toBe(true);
  for (const pod of going) await cluster.removePod(pod);
  await cluster.settle();
  const come = await cluster.list(pods, "lab");
  expect(come.map(({ spec }) => spec?.containers[0]?.image)).toEqual(["bb:2", "bb:2"]);
});

test("a paused Deployment scales but does not roll", async () => {
  await using cluster = await started(web());
  const body = { spec: { paused: true, replicas: 5 } };
  await cluster.client.patch(deployments, key, { type: "merge", body });
  await cluster.settle();
  await setImage(cluster, "bb:2");
  expect(await cluster.list(replicaSets, "lab")).toHaveLength(1);
  expect(await cluster.list(pods, "lab")).toHaveLength(5);
  const { status } = await cluster.client.get(deployments, key);
  expect(status?.conditions?.find(({ type }) => type === "Progressing")).toMatchObject({
    status: "Unknown",
    reason: "DeploymentPaused",
  });
});

test("old ReplicaSets beyond revisionHistoryLimit are deleted, the oldest first", async () => {
  await using cluster = await started(web({ revisionHistoryLimit: 1 }));
  for (const image of ["bb:2", "bb:3", "bb:4"]) {
    await setImage(cluster, image);
    for (let step = 0; step < 12; step++) await cluster.runPods("lab");
  }
  const left = (await cluster.list(replicaSets, "lab")).map(
    ({ metadata }) => metadata?.annotations?.["deployment.kubernetes.io/revision"],
  );
  expect(new Set(left)).toEqual(new Set(["3", "4"]));
});
