import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodes, pods } from "../resources.ts";
import { findKubectl } from "../find-kubectl.fixture.ts";
import { eventually, idle, startTestCluster, type TestCluster } from "./cluster.fixture.ts";

const namespace = "default";
let cluster: TestCluster;
let home = "";
beforeAll(async () => {
  cluster = await startTestCluster();
  home = await mkdtemp(join(tmpdir(), "kubelab-kubectl-"));
  const resources = {
    requests: { cpu: "100m", memory: "32Mi" },
    limits: { cpu: "250m", memory: "64Mi" },
  };
  const spec = {
    terminationGracePeriodSeconds: 5,
    containers: [idle({ resources }), idle({ name: "other", resources })],
  };
  const metadata = { namespace, name: "limited", labels: { app: "limited" } };
  await cluster.client.create(pods, { metadata, spec });
  const free = { containers: [idle()], terminationGracePeriodSeconds: 5 };
  const freeMetadata = { namespace, name: "free", labels: { app: "free" } };
  await cluster.client.create(pods, { metadata: freeMetadata, spec: free });
  await cluster.readyPods({ app: "limited" }, 1);
  await cluster.readyPods({ app: "free" }, 1);
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

test("the node renews its lease and says that it is ready", async () => {
  const { status } = await cluster.client.get(nodes, { name: "kubelab" });
  expect(status?.conditions?.map(({ type, status: value }) => `${type} ${value}`)).toEqual([
    "MemoryPressure False",
    "DiskPressure False",
    "PIDPressure False",
    "Ready True",
  ]);
});

test("a pod's status tells what its containers may take together, once a second has passed", async () => {
  const resourcesOf = async (name: string): Promise<unknown> => {
    const { status } = await cluster.client.get(pods, { namespace, name });
    return (status as { resources?: unknown } | undefined)?.resources;
  };
  // The pod is looked at again when something happens to it.
  let looks = 0;
  await eventually(async () => {
    const body = { metadata: { labels: { looked: String(looks++) } } };
    for (const name of ["limited", "free"])
      await cluster.client.patch(pods, { namespace, name }, { type: "merge", body });
    expect(await resourcesOf("limited")).toEqual({ limits: { cpu: "500m", memory: "128Mi" } });
    expect(await resourcesOf("free")).toEqual({ limits: { memory: "9007199254740988Ki" } });
  });
  const { status } = await cluster.client.get(pods, { namespace, name: "limited" });
  expect(status).toMatchObject({
    qosClass: "Burstable",
    containerStatuses: [
      {
        allocatedResources: { cpu: "100m", memory: "32Mi" },
        resources: {
          limits: { cpu: "250m", memory: "64Mi" },
          requests: { cpu: "100m", memory: "32Mi" },
        },
      },
      {},
    ],
  });
});

for (const version of ["1.27", "1.33"]) {
  const kubectl = findKubectl(version);
  // Machines have none, one or many of them: those that are missing show as skipped.
  describe.skipIf(!kubectl)(`kubectl ${version}`, () => {
    tellsOfTheNode(kubectl ?? "", version);
  });
}

function tellsOfTheNode(kubectl: string, version: string): void {
  const run = (...words: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const env = { ...process.env, HOME: home, KUBECONFIG: cluster.kubeConfigPath };
      execFile(kubectl, words, { env }, (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err });
      });
    });

  test("describe node shows the machine, the pods on it and what they ask for", async () => {
    const { code, out } = await run("describe", "node", "kubelab");
    expect(code).toBe(0);
    expect(out).toMatch(/Ready\s+True .*KubeletReady\s+kubelet is posting ready status/);
    expect(out).toMatch(/RenewTime:\s+\w{3}, \d/);
    expect(out).toMatch(/InternalIP:\s+127\.0\.0\.1/);
    expect(out).toMatch(/Kubelet Version:\s+v1\.36\.1/);
    expect(out).toMatch(
      /default\s+limited\s+200m \(\d+%\)\s+500m \(\d+%\)\s+64Mi \(\d+%\)\s+128Mi/,
    );
    expect(out).toMatch(/Allocated resources:[^]*cpu\s+200m/);
    expect(out).not.toMatch(/<unknown>|%!/);
  });

  test("top is refused with what is missing", async () => {
    for (const what of ["node", "pod"]) {
      const { code, err } = await run("top", what);
      expect([code, err]).toEqual([1, "error: Metrics API not available\n"]);
    }
  });

  test("drain evicts the pods, which end in their grace period", async () => {
    const name = `evicted-${version.replace(".", "-")}`;
    const metadata = { namespace, name, labels: { app: name } };
    const spec = { terminationGracePeriodSeconds: 5, containers: [idle()] };
    await cluster.client.create(pods, { metadata, spec });
    await cluster.readyPods({ app: name }, 1);
    const selector = `--pod-selector=app=${name}`;
    const drained = await run("drain", "kubelab", "--force", selector, "--timeout=20s");
    expect(drained.out).toContain(`pod/${name} evicted\n`);
    expect((await run("get", "pod", name)).err).toContain(`pods "${name}" not found`);
    const { spec: cordoned } = await cluster.client.get(nodes, { name: "kubelab" });
    expect(cordoned?.unschedulable).toBe(true);
    expect((await run("uncordon", "kubelab")).out).toBe("node/kubelab uncordoned\n");
  });
}
