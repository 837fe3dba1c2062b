import type { Affinity, Pod, PodAffinityTerm } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { nodes, pods } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const near = (app: string): PodAffinityTerm => ({
  labelSelector: { matchLabels: { app } },
  topologyKey: "kubernetes.io/hostname",
});
const apart = (app: string): Affinity => ({
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near(app)] },
});
const together = (app: string): Affinity => ({
  podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near(app)] },
});

async function place(
  cluster: TestCluster,
  name: string,
  app: string,
  spec: Partial<NonNullable<Pod["spec"]>>,
): Promise<Pod> {
  const key = { namespace: "lab", name };
  await cluster.client.create(pods, {
    metadata: { ...key, labels: { app } },
    spec: { containers: [{ name: "c", image: "i" }], ...spec },
  });
  await cluster.settle();
  return cluster.client.get(pods, key);
}

async function started(): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  await cluster.namespace("lab");
  return cluster;
}

const why = ({ status }: Pod): string => status?.conditions?.[0]?.message ?? "";

test("two pods that must be apart share no node, and the second finds another", async () => {
  await using cluster = await started();
  const first = await place(cluster, "one", "web", { affinity: apart("web") });
  const second = await place(cluster, "two", "web", { affinity: apart("web") });
  expect([first.spec?.nodeName, second.spec?.nodeName]).toEqual(["node", undefined]);
  expect(why(second)).toBe(
    "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
  );
  await cluster.client.create(nodes, {
    metadata: { name: "other", labels: { "kubernetes.io/hostname": "other" } },
    status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110" } },
  });
  await cluster.advance(11_000);
  const placed = await cluster.client.get(pods, { namespace: "lab", name: "two" });
  expect(placed.spec?.nodeName).toBe("other");
});

test("a pod that is there keeps away whom it does not want", async () => {
  await using cluster = await started();
  await place(cluster, "one", "db", { affinity: apart("web") });
  const second = await place(cluster, "two", "web", {});
  expect(why(second)).toContain("1 node(s) didn't satisfy existing pods anti-affinity rules.");
});

test("a pod waits for the one that it wants to be near, but the first of its own kind does not", async () => {
  await using cluster = await started();
  const web = await place(cluster, "one", "web", { affinity: together("db") });
  expect(why(web)).toContain("1 node(s) didn't match pod affinity rules.");
  expect(why(web)).toContain("1 Preemption is not helpful for scheduling.");
  await place(cluster, "db", "db", {});
  await cluster.advance(1_000);
  const placed = await cluster.client.get(pods, { namespace: "lab", name: "one" });
  expect(placed.spec?.nodeName).toBe("node");
  const cache = await place(cluster, "two", "cache", { affinity: together("cache") });
  expect(cache.spec?.nodeName).toBe("node");
});

test("a spread over a label that the node lacks keeps the pod away", async () => {
  await using cluster = await started();
  const topologySpreadConstraints = [
    { maxSkew: 1, topologyKey: "rack", whenUnsatisfiable: "DoNotSchedule" },
  ];
  const pod = await place(cluster, "one", "web", { topologySpreadConstraints });
  expect(why(pod)).toContain(
    "1 node(s) didn't match pod topology spread constraints (missing required label).",
  );
});
