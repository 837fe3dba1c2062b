import { afterAll, beforeAll, expect, test } from "vitest";
import {
  daemonSets,
  deployments,
  jobs,
  pods,
  replicaSets,
  services,
  statefulSets,
} from "../resources.ts";
import {
  eventually,
  idle,
  startTestCluster,
  template,
  web,
  type TestCluster,
} from "./cluster.fixture.ts";

const namespace = "default";
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

const selectorOf = (app: string) => ({ selector: { matchLabels: { app } } });
const nameOf = ({ metadata }: { metadata?: { name?: string } }): string => metadata?.name ?? "";

test("a Deployment's pods answer, and a new template replaces them all", async () => {
  const { client } = cluster;
  const spec = { replicas: 2, ...selectorOf("dep"), template: template("dep", web()) };
  await client.create(deployments, { metadata: { namespace, name: "dep" }, spec });
  const before = await cluster.readyPods({ app: "dep" }, 2);
  const answer = await cluster.exec(
    nameOf(before[0] ?? {}),
    "wget",
    "-qO-",
    "http://localhost:8080/",
  );
  expect(answer).toBe(`${nameOf(before[0] ?? {})}\n`);
  const managers = before[0]?.metadata?.managedFields?.map(({ manager }) => manager);
  expect(managers?.toSorted()).toEqual(["kube-controller-manager", "kubelet"]);
  const body = { spec: { template: { metadata: { annotations: { round: "2" } } } } };
  await client.patch(deployments, { namespace, name: "dep" }, { type: "merge", body });
  await eventually(async () => {
    const { status } = await client.get(deployments, { namespace, name: "dep" });
    expect(status).toMatchObject({ observedGeneration: 2, updatedReplicas: 2, replicas: 2 });
  });
  const after = await cluster.readyPods({ app: "dep" }, 2);
  expect(after.map(nameOf).filter((name) => before.map(nameOf).includes(name))).toEqual([]);
  const sets = await client.list(replicaSets, { namespace, labelSelector: "app=dep" });
  expect(new Set(sets.items.map(({ spec: own }) => own?.replicas))).toEqual(new Set([0, 2]));
  await client.delete(deployments, { namespace, name: "dep" });
  await cluster.readyPods({ app: "dep" }, 0);
});

test("a StatefulSet starts its pods one after the other, each with a name and a DNS record that lasts", async () => {
  const { client } = cluster;
  await client.create(services, {
    metadata: { namespace, name: "db" },
    spec: { clusterIP: "None", selector: { app: "db" }, ports: [{ name: "http", port: 8080 }] },
  });
  // Slow to become ready, so that a pod that does not wait for the one before is told from one that does.
  const slow = web({ readinessProbe: { ...web().readinessProbe, initialDelaySeconds: 2 } });
  const spec = {
    replicas: 3,
    serviceName: "db",
    ...selectorOf("db"),
    template: template("db", slow),
  };
  await client.create(statefulSets, { metadata: { namespace, name: "db" }, spec });
  const members = await cluster.readyPods({ app: "db" }, 3);
  const byName = members.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  expect(byName.map(nameOf)).toEqual(["db-0", "db-1", "db-2"]);
  byName.slice(1).forEach(({ metadata }, index) => {
    const before = byName[index]?.status?.conditions?.find(({ type }) => type === "Ready");
    expect(metadata?.creationTimestamp ?? "").toSatisfy(
      (created: string) => created >= (before?.lastTransitionTime ?? "never"),
    );
  });
  expect(await cluster.exec("db-0", "wget", "-qO-", "http://db-2.db:8080/")).toBe("db-2\n");
  await client.delete(pods, { namespace, name: "db-2" });
  await eventually(async () => {
    const again = await client.get(pods, { namespace, name: "db-2" });
    expect(again.metadata?.uid).not.toBe(byName[2]?.metadata?.uid);
  });
  await cluster.readyPods({ app: "db" }, 3);
  const full = "http://db-2.db.default.svc.cluster.local:8080/";
  expect(await eventually(() => cluster.exec("db-0", "wget", "-qO-", full))).toBe("db-2\n");
  await client.patch(
    statefulSets,
    { namespace, name: "db" },
    { type: "merge", body: { spec: { replicas: 1 } } },
  );
  expect((await cluster.readyPods({ app: "db" }, 1)).map(nameOf)).toEqual(["db-0"]);
  await client.delete(statefulSets, { namespace, name: "db" });
});

test("a DaemonSet has its one pod on the one node, and another in its place", async () => {
  const { client } = cluster;
  const spec = { ...selectorOf("agent"), template: template("agent", web()) };
  await client.create(daemonSets, { metadata: { namespace, name: "agent" }, spec });
  const [first] = await cluster.readyPods({ app: "agent" }, 1);
  expect(first?.spec?.nodeName).toBe("kubelab");
  await client.delete(pods, { namespace, name: nameOf(first ?? {}) });
  const next = await eventually(async () => {
    const [pod] = await cluster.readyPods({ app: "agent" }, 1);
    expect(nameOf(pod ?? {})).not.toBe(nameOf(first ?? {}));
    return pod;
  });
  expect(next?.spec?.nodeName).toBe("kubelab");
  const { status } = await client.get(daemonSets, { namespace, name: "agent" });
  expect(status).toMatchObject({ desiredNumberScheduled: 1, currentNumberScheduled: 1 });
  await client.delete(daemonSets, { namespace, name: "agent" });
});

test("a Job's pods run to their end, as many as it asks for, and a failing one is counted", async () => {
  const { client } = cluster;
  const job = (name: string, script: string, more: object) => ({
    metadata: { namespace, name },
    spec: {
      ...more,
      template: {
        spec: {
          restartPolicy: "Never",
          containers: [idle({ command: ["sh", "-c", script] })],
        },
      },
    },
  });
  await client.create(jobs, job("sum", "echo $((1 + 2))", { completions: 3, parallelism: 2 }));
  await client.create(jobs, job("bad", "exit 4", { backoffLimit: 0 }));
  const finished = (name: string, type: string) =>
    eventually(async () => {
      const { status } = await client.get(jobs, { namespace, name });
      expect(status?.conditions?.find((it) => it.type === type)?.status).toBe("True");
      return status;
    });
  expect(await finished("sum", "Complete")).toMatchObject({ succeeded: 3 });
  expect(await finished("bad", "Failed")).toMatchObject({ failed: 1 });
  const done = await client.list(pods, { namespace, labelSelector: "job-name=sum" });
  expect(done.items.map(({ status }) => status?.phase)).toEqual(Array(3).fill("Succeeded"));
  const [failed] = (await client.list(pods, { namespace, labelSelector: "job-name=bad" })).items;
  expect(failed?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(4);
});
