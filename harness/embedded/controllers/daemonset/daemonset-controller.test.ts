import type { DaemonSet } from "kubernetes-types/apps/v1";
import { expect, test } from "vitest";
import { daemonSets, nodes, pods } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const key = { namespace: "lab", name: "agent" };
const template = (image: string, nodeSelector?: Record<string, string>) => ({
  metadata: { labels: { app: "agent" } },
  spec: { containers: [{ name: "agent", image }], ...(nodeSelector ? { nodeSelector } : {}) },
});

async function started(spec: Partial<NonNullable<DaemonSet["spec"]>> = {}): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  await cluster.namespace("lab");
  await cluster.client.create(daemonSets, {
    metadata: { ...key },
    spec: { selector: { matchLabels: { app: "agent" } }, template: template("bb:1"), ...spec },
  });
  await cluster.settle();
  return cluster;
}

async function addNode(cluster: TestCluster, name: string): Promise<void> {
  await cluster.client.create(nodes, {
    metadata: { name },
    status: { allocatable: { cpu: "1", memory: "1Gi", pods: "10" } },
  });
  await cluster.settle();
}

test("every node gets one pod, a new node too", async () => {
  await using cluster = await started();
  await addNode(cluster, "second");
  const placed = (await cluster.list(pods, "lab")).map(({ spec }) => spec?.nodeName);
  expect(new Set(placed)).toEqual(new Set(["node", "second"]));
  await cluster.runPods("lab");
  expect((await cluster.client.get(daemonSets, key)).status).toMatchObject({
    currentNumberScheduled: 2,
    desiredNumberScheduled: 2,
    numberReady: 2,
    numberAvailable: 2,
    updatedNumberScheduled: 2,
    numberMisscheduled: 0,
  });
});

test("a node that the nodeSelector leaves out gets none", async () => {
  await using cluster = await started({
    template: template("bb:1", { "kubernetes.io/hostname": "node" }),
  });
  await addNode(cluster, "second");
  const placed = (await cluster.list(pods, "lab")).map(({ spec }) => spec?.nodeName);
  expect(placed).toEqual(["node"]);
});

test("a rolling update replaces one pod at a time", async () => {
  await using cluster = await started();
  await addNode(cluster, "second");
  await cluster.runPods("lab");
  const body = { spec: { template: template("bb:2") } };
  await cluster.client.patch(daemonSets, key, { type: "merge", body });
  await cluster.settle();
  const going = (await cluster.list(pods, "lab")).filter(
    ({ metadata }) => metadata?.deletionTimestamp,
  );
  expect(going).toHaveLength(1);
  for (let step = 0; step < 5; step++) await cluster.runPods("lab");
  const images = (await cluster.list(pods, "lab")).map(({ spec }) => spec?.containers[0]?.image);
  expect(images).toEqual(["bb:2", "bb:2"]);
});

test("maxSurge puts the new pod beside the old one, which goes once the new one is available", async () => {
  const updateStrategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  await using cluster = await started({ updateStrategy });
  await cluster.runPods("lab");
  await cluster.advance(2_000);
  const body = { spec: { template: template("bb:2") } };
  await cluster.client.patch(daemonSets, key, { type: "merge", body });
  await cluster.settle();
  const shown = async (): Promise<string[]> =>
    (await cluster.list(pods, "lab"))
      .map(({ spec, metadata }) => {
        const going = metadata?.deletionTimestamp ? " going" : "";
        return `${spec?.containers[0]?.image} on ${spec?.nodeName}${going}`;
      })
      .toSorted();
  expect(await shown()).toEqual(["bb:1 on node", "bb:2 on node"]);
  await cluster.runPods("lab");
  expect(await shown()).toEqual(["bb:1 on node going", "bb:2 on node"]);
  await cluster.runPods("lab");
  expect(await shown()).toEqual(["bb:2 on node"]);
  const { status } = await cluster.client.get(daemonSets, key);
  expect(status).toMatchObject({ updatedNumberScheduled: 1, numberAvailable: 1 });
});

test("a failed pod is told of, and replaced", async () => {
  await using cluster = await started();
  const [pod] = await cluster.list(pods, "lab");
  if (!pod) throw new Error("no pod");
  await cluster.report(pod, { ready: false, phase: "Failed" });
  await cluster.settle();
  const name = pod.metadata?.name;
  expect(await cluster.events("lab", "DaemonSet")).toContain(
    `Warning FailedDaemonPod Found failed daemon pod lab/${name} on node node, will try to kill it`,
  );
  expect(await cluster.podNames("lab")).not.toContain(name);
  expect(await cluster.podNames("lab")).toHaveLength(1);
});

test("a pod tells how many templates its set has had, whatever a write says", async () => {
  await using cluster = await started();
  const generations = async () =>
    (await cluster.list(pods, "lab")).map(
      ({ metadata }) => metadata?.labels?.["pod-template-generation"],
    );
  await cluster.client.update(daemonSets, {
    metadata: { ...key, annotations: { note: "no other template" } },
    spec: {
      minReadySeconds: 1,
      selector: { matchLabels: { app: "agent" } },
      template: template("bb:1"),
    },
  });
  const [pod] = await cluster.list(pods, "lab");
  await cluster.removePod(pod ?? {});
  await cluster.settle();
  expect(await generations()).toEqual(["1"]);
  await cluster.runPods("lab");
  await cluster.advance(2_000);
  const body = { metadata: { annotations: null }, spec: { template: template("bb:2") } };
  const set = await cluster.client.patch(daemonSets, key, { type: "merge", body });
  expect(set.metadata?.annotations).toEqual({ "deprecated.daemonset.template.generation": "2" });
  await cluster.settle();
  for (let step = 0; step < 2; step++) await cluster.runPods("lab");
  expect(await generations()).toEqual(["2"]);
});
