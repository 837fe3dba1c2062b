import type { Pod } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { nodes, pods } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const key = { namespace: "lab", name: "p" };

async function withPod(spec: Partial<NonNullable<Pod["spec"]>> = {}): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  await cluster.namespace("lab");
  await cluster.client.create(pods, {
    metadata: { ...key },
    spec: { containers: [{ name: "c", image: "i" }], ...spec },
  });
  await cluster.settle();
  return cluster;
}

const asking = (cpu: string) => ({
  containers: [{ name: "c", image: "i", resources: { requests: { cpu } } }],
});

async function setNode(cluster: TestCluster, spec: object): Promise<void> {
  await cluster.client.patch(nodes, { name: "node" }, { type: "merge", body: { spec } });
  await cluster.settle();
}

test("a pod goes to the node, and an event in the newer form tells of it", async () => {
  await using cluster = await withPod();
  expect((await cluster.client.get(pods, key)).spec?.nodeName).toBe("node");
  expect(await cluster.events("lab", "Pod")).toEqual([
    "Normal Scheduled Successfully assigned lab/p to node",
  ]);
});

test.each([
  [
    "asks for more than is left",
    { ...asking("5") },
    "1 Insufficient cpu",
    "1 Preemption is not helpful for scheduling",
  ],
  [
    "selects another node",
    { nodeSelector: { disk: "ssd" } },
    "1 node(s) didn't match Pod's node affinity/selector",
    "1 Preemption is not helpful for scheduling",
  ],
])("a pod that %s waits, and says why", async (_what, spec, why, preemption) => {
  await using cluster = await withPod(spec);
  const pod = await cluster.client.get(pods, key);
  const message = `0/1 nodes are available: ${why}. no new claims to deallocate, preemption: 0/1 nodes are available: ${preemption}.`;
  expect(pod.spec?.nodeName).toBeUndefined();
  expect(pod.status?.conditions).toMatchObject([
    { type: "PodScheduled", status: "False", reason: "Unschedulable", message },
  ]);
  expect(await cluster.events("lab", "Pod")).toEqual([`Warning FailedScheduling ${message}`]);
});

test("a pod that did not fit is placed when another leaves room", async () => {
  await using cluster = await withPod(asking("3"));
  const second = { namespace: "lab", name: "second" };
  await cluster.client.create(pods, { metadata: { ...second }, spec: asking("2") });
  await cluster.settle();
  expect((await cluster.client.get(pods, second)).status?.conditions?.[0]?.message).toBe(
    "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
  );
  await cluster.client.delete(pods, key);
  await cluster.removePod(await cluster.client.get(pods, key));
  await cluster.advance(1_100);
  expect((await cluster.client.get(pods, second)).spec?.nodeName).toBe("node");
});

test("a taint keeps pods away that do not tolerate it", async () => {
  await using cluster = await withPod({ nodeSelector: { disk: "ssd" } });
  await setNode(cluster, { taints: [{ key: "k", value: "v", effect: "NoSchedule" }] });
  const tolerations = [{ key: "k", operator: "Exists" }];
  for (const [name, extra] of Object.entries({ shy: {}, brave: { tolerations } }))
    await cluster.client.create(pods, {
      metadata: { namespace: "lab", name },
      spec: { containers: [{ name: "c", image: "i" }], ...extra },
    });
  await cluster.settle();
  const nodeOf = async (name: string): Promise<string | undefined> =>
    (await cluster.client.get(pods, { namespace: "lab", name })).spec?.nodeName;
  expect([await nodeOf("shy"), await nodeOf("brave")]).toEqual([undefined, "node"]);
});

test("a pod for another scheduler is left alone", async () => {
  await using cluster = await withPod({ schedulerName: "mine" });
  expect((await cluster.client.get(pods, key)).spec?.nodeName).toBeUndefined();
  expect(await cluster.events("lab", "Pod")).toEqual([]);
});

test("a pod with scheduling gates waits until the last one is taken away", async () => {
  await using cluster = await withPod({
    schedulingGates: [{ name: "lab/one" }, { name: "lab/two" }],
  });
  const { spec, status } = await cluster.client.get(pods, key);
  expect(spec?.nodeName).toBeUndefined();
  expect(status?.conditions).toEqual([
    {
      type: "PodScheduled",
      status: "False",
      reason: "SchedulingGated",
      message: "Scheduling is blocked due to non-empty scheduling gates",
      lastProbeTime: null,
      lastTransitionTime: null,
    },
  ]);
  const keep = async (...names: string[]): Promise<void> => {
    const pod = await cluster.client.get(pods, key);
    const schedulingGates = names.map((name) => ({ name }));
    await cluster.client.update(pods, {
      ...pod,
      spec: { containers: [], ...pod.spec, schedulingGates },
    });
    await cluster.settle();
  };
  await expect(keep("lab/one", "lab/three")).rejects.toThrow(
    "spec.schedulingGates: Forbidden: only deletion is allowed, but found new scheduling gate 'lab/three'",
  );
  await keep("lab/two");
  expect((await cluster.client.get(pods, key)).spec?.nodeName).toBeUndefined();
  await keep();
  const bound = await cluster.client.get(pods, key);
  expect(bound.spec?.nodeName).toBe("node");
  expect(bound.status?.conditions?.map(({ reason }) => reason)).toEqual([undefined]);
});
