import type { Job } from "kubernetes-types/batch/v1";
import type { Pod } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { jobs, pods } from "../../resources.ts";
import { TestCluster } from "../test-cluster.ts";

const key = { namespace: "lab", name: "work" };

async function started(spec: Partial<NonNullable<Job["spec"]>> = {}) {
  const cluster = await TestCluster.start();
  await cluster.namespace("lab");
  const template = {
    spec: { restartPolicy: "Never", containers: [{ name: "work", image: "bb:1" }] },
  };
  await cluster.client.create(jobs, { metadata: { ...key }, spec: { template, ...spec } });
  await cluster.settle();
  return cluster;
}

async function running(cluster: TestCluster): Promise<readonly Pod[]> {
  const all = await cluster.list(pods, "lab");
  return all.filter(
    ({ metadata, status }) => !metadata?.deletionTimestamp && status?.phase === "Pending",
  );
}

async function finish(cluster: TestCluster, phase: "Succeeded" | "Failed"): Promise<void> {
  for (const pod of await running(cluster)) await cluster.report(pod, { ready: false, phase });
  await cluster.settle();
}

async function conditions(cluster: TestCluster): Promise<string[]> {
  const { status } = await cluster.client.get(jobs, key);
  return (status?.conditions ?? []).map(
    ({ type, status: is, reason }) => `${type}=${is} ${reason}`,
  );
}

test("a Job runs parallelism pods at a time until completions have succeeded", async () => {
  await using cluster = await started({ completions: 3, parallelism: 2 });
  expect(await running(cluster)).toHaveLength(2);
  await finish(cluster, "Succeeded");
  expect(await running(cluster)).toHaveLength(1);
  await finish(cluster, "Succeeded");
  expect((await cluster.client.get(jobs, key)).status).toMatchObject({
    succeeded: 3,
    completionTime: expect.any(String),
  });
  expect(await conditions(cluster)).toEqual([
    "SuccessCriteriaMet=True CompletionsReached",
    "Complete=True CompletionsReached",
  ]);
  expect(await cluster.events("lab", "Job")).toContain("Normal Completed Job completed");
});

test("a failed pod is replaced after 10 s, then 20 s, and the Job fails beyond backoffLimit", async () => {
  await using cluster = await started({ backoffLimit: 1 });
  await finish(cluster, "Failed");
  await cluster.advance(9_000);
  expect(await running(cluster)).toHaveLength(0);
  await cluster.advance(1_500);
  expect(await running(cluster)).toHaveLength(1);
  await finish(cluster, "Failed");
  expect(await conditions(cluster)).toEqual([
    "FailureTarget=True BackoffLimitExceeded",
    "Failed=True BackoffLimitExceeded",
  ]);
  expect(await cluster.events("lab", "Job")).toContain(
    "Warning BackoffLimitExceeded Job has reached the specified backoff limit",
  );
});

test("a Job that runs past activeDeadlineSeconds loses its pods and fails", async () => {
  await using cluster = await started({ activeDeadlineSeconds: 5 });
  await cluster.advance(4_000);
  expect(await conditions(cluster)).toEqual([]);
  await cluster.advance(2_000);
  const [pod] = await cluster.list(pods, "lab");
  expect(pod?.metadata?.deletionTimestamp).toBeDefined();
  await cluster.report(pod ?? {}, { ready: false, phase: "Failed" });
  await cluster.removePod(pod ?? {});
  await cluster.settle();
  expect(await conditions(cluster)).toContain("Failed=True DeadlineExceeded");
});

test("an Indexed Job gives each index one success", async () => {
  await using cluster = await started({
    completions: 3,
    parallelism: 3,
    completionMode: "Indexed",
  });
  const names = (await running(cluster)).map(({ spec }) => spec?.hostname);
  expect(new Set(names)).toEqual(new Set(["work-0", "work-1", "work-2"]));
  await finish(cluster, "Succeeded");
  expect((await cluster.client.get(jobs, key)).status).toMatchObject({ completedIndexes: "0-2" });
});

test("a suspended Job has no pods until it is resumed", async () => {
  await using cluster = await started({ suspend: true });
  expect(await running(cluster)).toEqual([]);
  expect(await conditions(cluster)).toEqual(["Suspended=True JobSuspended"]);
  await cluster.client.patch(jobs, key, { type: "merge", body: { spec: { suspend: false } } });
  await cluster.settle();
  expect(await running(cluster)).toHaveLength(1);
  expect(await conditions(cluster)).toEqual(["Suspended=False JobResumed"]);
});

test("a finished Job is deleted ttlSecondsAfterFinished later, with its pods", async () => {
  await using cluster = await started({ ttlSecondsAfterFinished: 30 });
  await finish(cluster, "Succeeded");
  await cluster.advance(29_000);
  await cluster.client.get(jobs, key);
  await cluster.advance(2_000);
  await cluster.runPods("lab");
  await expect(cluster.client.get(jobs, key)).rejects.toThrow("not found");
  expect(await cluster.list(pods, "lab")).toEqual([]);
});

test("a field that is not built is refused by name", async () => {
  await using cluster = await started({ podFailurePolicy: { rules: [] } });
  expect(await running(cluster)).toEqual([]);
  expect(await cluster.events("lab", "Job")).toEqual([
    "Warning NotSupported spec.podFailurePolicy is not supported by the embedded cluster; nothing is done for this Job",
  ]);
});
