import type { Deployment } from "kubernetes-types/apps/v1";
import { expect, test } from "vitest";
import { deployments, pods, replicaSets } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const key = { namespace: "lab", name: "web" };
const image = (version: number) => ({
  template: {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "web", image: `bb:${version}` }] },
  },
});

/** A Deployment on a cluster whose pods run only when the test says so. */
class Scene implements AsyncDisposable {
  readonly cluster: TestCluster;

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  /** Starts with the pods of image bb:1 up. */
  static async start(spec: Partial<NonNullable<Deployment["spec"]>>): Promise<Scene> {
    const scene = new Scene(await TestCluster.start());
    await scene.cluster.namespace("lab");
    const selector = { matchLabels: { app: "web" } };
    await scene.cluster.client.create(deployments, {
      metadata: { ...key },
      spec: { ...image(1), selector, ...spec },
    });
    await scene.cluster.settle();
    await scene.run();
    return scene;
  }

  async patch(spec: object): Promise<void> {
    await this.cluster.client.patch(deployments, key, { type: "merge", body: { spec } });
    await this.cluster.settle();
  }

  async run(times = 1): Promise<void> {
    for (let time = 0; time < times; time++) await this.cluster.runPods("lab");
  }

  /** Each ReplicaSet's image and size, the ones without pods left out. */
  async sizes(): Promise<string[]> {
    const all = await this.cluster.list(replicaSets, "lab");
    return all
      .map(({ spec }) => `${spec?.template?.spec?.containers[0]?.image} ${spec?.replicas}`)
      .toSorted();
  }

  /** What was scaled, ReplicaSets named by their image. */
  async scalings(): Promise<string[]> {
    const names = (await this.cluster.list(replicaSets, "lab")).map(({ metadata, spec }) => [
      metadata?.name ?? "",
      spec?.template?.spec?.containers[0]?.image ?? "",
    ]);
    const events = await this.cluster.events("lab", "Deployment");
    return events.map((event) => {
      const named = names.reduce((text, [name = "", of = ""]) => text.replace(name, of), event);
      return named.replace("Normal ScalingReplicaSet Scaled ", "").replace("replica set ", "");
    });
  }

  async status(): Promise<NonNullable<Deployment["status"]>> {
    return (await this.cluster.client.get(deployments, key)).status ?? {};
  }

  /** "status reason" of a condition. */
  async condition(type: string): Promise<string> {
    const { conditions = [] } = await this.status();
    const found = conditions.find((condition) => condition.type === type);
    return `${found?.status} ${found?.reason}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

test("Recreate has nothing running between the old pods and the new", async () => {
  await using scene = await Scene.start({ replicas: 2, strategy: { type: "Recreate" } });
  await scene.patch(image(2));
  expect(await scene.status()).toMatchObject({ observedGeneration: 2, terminatingReplicas: 2 });
  expect(await scene.condition("Available")).toBe("False MinimumReplicasUnavailable");
  // Nothing is updated yet, and nothing counts as progress: the condition is still that of the last rollout.
  expect(await scene.condition("Progressing")).toBe("True NewReplicaSetAvailable");
  await scene.run();
  expect(await scene.condition("Progressing")).toBe("True ReplicaSetUpdated");
  await scene.run();
  expect(await scene.scalings()).toEqual([
    "up bb:1 from 0 to 2",
    "down bb:1 from 2 to 0",
    "up bb:2 from 0 to 2",
  ]);
});

test("without surge one pod goes before the next one comes", async () => {
  const strategy = { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
  await using scene = await Scene.start({ replicas: 3, strategy });
  await scene.patch(image(2));
  await scene.run(5);
  expect(await scene.scalings()).toEqual([
    "up bb:1 from 0 to 3",
    "down bb:1 from 3 to 2",
    "up bb:2 from 0 to 1",
    "down bb:1 from 2 to 1",
    "up bb:2 from 1 to 2",
    "down bb:1 from 1 to 0",
    "up bb:2 from 2 to 3",
  ]);
});

test("percentages round up for the surge and down for what may be missing", async () => {
  const strategy = { rollingUpdate: { maxSurge: "30%", maxUnavailable: "30%" } };
  await using scene = await Scene.start({ replicas: 5, strategy });
  await scene.patch(image(2));
  // 30% of 5: two more, one fewer.
  expect(await scene.sizes()).toEqual(["bb:1 4", "bb:2 3"]);
});

test("a change in the middle of a rollout drops the half-made pods first", async () => {
  await using scene = await Scene.start({ replicas: 4 });
  await scene.patch(image(2));
  expect(await scene.sizes()).toEqual(["bb:1 3", "bb:2 2"]);
  await scene.patch(image(3));
  expect(await scene.sizes()).toEqual(["bb:1 3", "bb:2 0", "bb:3 2"]);
  await scene.run(6);
  expect(await scene.sizes()).toEqual(["bb:1 0", "bb:2 0", "bb:3 4"]);
  expect(await scene.condition("Progressing")).toBe("True NewReplicaSetAvailable");
});

test("a rollout that is scaled in the middle keeps its proportions", async () => {
  const strategy = { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
  await using scene = await Scene.start({ replicas: 10, strategy });
  await scene.patch(image(2));
  expect(await scene.sizes()).toEqual(["bb:1 8", "bb:2 5"]);
  await scene.patch({ replicas: 15 });
  expect(await scene.sizes()).toEqual(["bb:1 11", "bb:2 7"]);
  await scene.patch({ replicas: 0 });
  expect(await scene.sizes()).toEqual(["bb:1 0", "bb:2 0"]);
  await scene.run();
  await scene.patch({ replicas: 2 });
  expect(await scene.sizes()).toEqual(["bb:1 0", "bb:2 2"]);
});

test("paused, a change waits; resumed, it rolls", async () => {
  await using scene = await Scene.start({ replicas: 2 });
  await scene.patch({ paused: true });
  expect(await scene.condition("Progressing")).toBe("Unknown DeploymentPaused");
  await scene.patch(image(2));
  expect(await scene.sizes()).toEqual(["bb:1 2"]);
  expect((await scene.status()).updatedReplicas).toBeUndefined();
  await scene.patch({ paused: false });
  expect(await scene.sizes()).toEqual(["bb:1 2", "bb:2 1"]);
  await scene.run(4);
  expect(await scene.condition("Progressing")).toBe("True NewReplicaSetAvailable");
});

test.each([
  [0, ["bb:3 2"]],
  [1, ["bb:2 0", "bb:3 2"]],
])("revisionHistoryLimit %i keeps so many old ReplicaSets", async (limit, kept) => {
  await using scene = await Scene.start({ replicas: 2, revisionHistoryLimit: limit });
  for (const version of [2, 3]) {
    await scene.patch(image(version));
    await scene.run(4);
  }
  expect(await scene.sizes()).toEqual(kept);
});

test("a pod counts once it was ready for minReadySeconds, and the rollout waits for that", async () => {
  await using scene = await Scene.start({ replicas: 2, minReadySeconds: 10 });
  const early = await scene.status();
  expect([early.readyReplicas, early.availableReplicas, early.unavailableReplicas]).toEqual([
    2,
    undefined,
    2,
  ]);
  await scene.cluster.advance(10_000);
  expect((await scene.status()).availableReplicas).toBe(2);
  expect(await scene.condition("Progressing")).toBe("True NewReplicaSetAvailable");
});

test("a rollout that missed its deadline still ends well when its pods come up", async () => {
  await using scene = await Scene.start({ replicas: 2, progressDeadlineSeconds: 20 });
  await scene.patch(image(2));
  await scene.cluster.advance(19_000);
  expect(await scene.condition("Progressing")).toBe("True ReplicaSetUpdated");
  await scene.cluster.advance(3_000);
  expect(await scene.condition("Progressing")).toBe("False ProgressDeadlineExceeded");
  await scene.run(4);
  expect(await scene.condition("Progressing")).toBe("True NewReplicaSetAvailable");
});

test("a pod that loses its label is replaced, and replaces one when it gets it back", async () => {
  await using scene = await Scene.start({ replicas: 1 });
  const { cluster } = scene;
  const [name = ""] = await cluster.podNames("lab");
  const relabel = async (app: string): Promise<void> => {
    const body = { metadata: { labels: { app } } };
    await cluster.client.patch(pods, { namespace: "lab", name }, { type: "merge", body });
    await cluster.settle();
  };
  await relabel("apart");
  const alone = await cluster.client.get(pods, { namespace: "lab", name });
  expect(alone.metadata?.ownerReferences).toBeUndefined();
  const other = (await cluster.podNames("lab")).find((one) => one !== name);
  await relabel("web");
  expect(await cluster.events("lab", "ReplicaSet")).toEqual([
    `Normal SuccessfulCreate Created pod: ${name}`,
    `Normal SuccessfulCreate Created pod: ${other}`,
    `Normal SuccessfulDelete Deleted pod: ${other}`,
  ]);
});

test("a ReplicaSet of another owner under the wanted name makes the hash count collisions", async () => {
  await using scene = await Scene.start({ replicas: 1 });
  const [mine] = await scene.cluster.list(replicaSets, "lab");
  const name = mine?.metadata?.name ?? "";
  await scene.cluster.client.delete(deployments, key, { propagationPolicy: "Background" });
  await scene.cluster.settle();
  await scene.run(2);
  const labels = { app: "stranger" };
  await scene.cluster.client.create(replicaSets, {
    metadata: { namespace: "lab", name },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { ...image(9).template, metadata: { labels } },
    },
  });
  await scene.cluster.client.create(deployments, {
    metadata: { ...key },
    spec: { ...image(1), selector: { matchLabels: { app: "web" } } },
  });
  await scene.cluster.settle();
  expect((await scene.status()).collisionCount).toBe(1);
  const names = (await scene.cluster.list(replicaSets, "lab")).map(
    ({ metadata }) => metadata?.name,
  );
  expect(names).toHaveLength(2);
  expect(names).toContain(name);
});

test("a ReplicaSet that becomes the newest again keeps its generation", async () => {
  await using scene = await Scene.start({ replicas: 3 });
  await scene.patch(image(2));
  await scene.patch(image(1));
  const all = await scene.cluster.list(replicaSets, "lab");
  const first = all.find(({ spec }) => spec?.template?.spec?.containers[0]?.image === "bb:1");
  expect(first?.metadata?.annotations?.["deployment.kubernetes.io/revision"]).toBe("3");
  expect(first?.metadata?.generation).toBe(1);
});

test("a Deployment that becomes Recreate leaves a ReplicaSet of the right size alone", async () => {
  await using scene = await Scene.start({ replicas: 4 });
  const [before] = await scene.cluster.list(replicaSets, "lab");
  await scene.patch({ strategy: { type: "Recreate", rollingUpdate: null } });
  const [after] = await scene.cluster.list(replicaSets, "lab");
  expect(after?.metadata?.annotations).toEqual(before?.metadata?.annotations);
});
