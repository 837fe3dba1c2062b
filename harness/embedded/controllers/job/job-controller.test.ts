import type { Job } from "kubernetes-types/batch/v1";
import type { Pod } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { jobs, pods } from "../../resources.ts";
import { createInformer } from "../../informer.ts";
import { TestCluster } from "../test-cluster.ts";

type Status = NonNullable<Job["status"]>;

/** What pods do is looked at once a second. */
const lookMs = 1_000;
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
  await cluster.advance(lookMs);
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
  await cluster.advance(8_000);
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
  await cluster.advance(lookMs);
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

/** Every status that the Job has from now on, without its times. */
function follow(cluster: TestCluster): { readonly seen: Partial<Status>[]; stop(): void } {
  const seen: Partial<Status>[] = [];
  const following = new AbortController();
  const { signal } = following;
  createInformer(cluster.client, jobs, { signal, clock: cluster.clock }).on({
    updated: ({ status }) => {
      const { startTime: _s, completionTime: _c, conditions: all = [], ...rest } = status ?? {};
      const types = all.map(({ type }) => ({ type, status: "True" }));
      seen.push({ ...rest, ...(types.length > 0 ? { conditions: types } : {}) });
    },
  });
  return { seen, stop: () => following.abort() };
}

const success = { type: "SuccessCriteriaMet", status: "True" };
const idle = { ready: 0, terminating: 0, uncountedTerminatedPods: {} };

test("a pod's uid is in the status before the pod is let go and counted", async () => {
  await using cluster = await started({ suspend: true });
  const follower = follow(cluster);
  await cluster.client.patch(jobs, key, { type: "merge", body: { spec: { suspend: false } } });
  await cluster.settle();
  const [pod] = await cluster.list(pods, "lab");
  await cluster.report(pod ?? {}, { ready: true });
  await cluster.advance(lookMs);
  await cluster.report(pod ?? {}, { ready: false, phase: "Succeeded" });
  await cluster.advance(lookMs);
  follower.stop();
  const suspended = { type: "Suspended", status: "True" };
  expect(follower.seen.slice(1)).toEqual([
    { ...idle, active: 1, conditions: [suspended] },
    { ...idle, active: 1, ready: 1, conditions: [suspended] },
    {
      ...idle,
      uncountedTerminatedPods: { succeeded: [pod?.metadata?.uid] },
      conditions: [suspended, success],
    },
    {
      ...idle,
      succeeded: 1,
      conditions: [suspended, success, { type: "Complete", status: "True" }],
    },
  ]);
});

test("pods that end in the same second are counted together", async () => {
  await using cluster = await started({ completions: 2, parallelism: 2 });
  const follower = follow(cluster);
  for (const pod of await running(cluster)) {
    await cluster.report(pod, { ready: false, phase: "Succeeded" });
    await cluster.advance(200);
  }
  await cluster.advance(lookMs);
  follower.stop();
  expect(follower.seen.map(({ succeeded }) => succeeded)).toEqual([undefined, 2]);
});

test("pods that are stopped by suspending are not failures", async () => {
  await using cluster = await started({ parallelism: 2, completions: 2, backoffLimit: 0 });
  await cluster.client.patch(jobs, key, { type: "merge", body: { spec: { suspend: true } } });
  await cluster.settle();
  expect((await cluster.client.get(jobs, key)).status).toMatchObject({ terminating: 2 });
  for (const pod of await cluster.list(pods, "lab")) {
    await cluster.report(pod, { ready: false, phase: "Failed" });
    await cluster.removePod(pod);
  }
  await cluster.advance(lookMs);
  const { status } = await cluster.client.get(jobs, key);
  expect(status).toMatchObject({ terminating: 0 });
  expect(status?.failed).toBeUndefined();
  expect(await conditions(cluster)).toEqual(["Suspended=True JobSuspended"]);
});

test("a pod that somebody deletes is a failure, and is replaced after 10 s", async () => {
  await using cluster = await started();
  const [pod] = await running(cluster);
  await cluster.client.delete(pods, { ...key, name: pod?.metadata?.name ?? "" });
  await cluster.advance(lookMs);
  expect((await cluster.client.get(jobs, key)).status).toMatchObject({ failed: 1, terminating: 1 });
  expect(await running(cluster)).toHaveLength(0);
  await cluster.advance(10_000);
  expect(await running(cluster)).toHaveLength(1);
});

test("with podReplacementPolicy Failed a pod is replaced only when it is over", async () => {
  await using cluster = await started({ podReplacementPolicy: "Failed", parallelism: 1 });
  const [pod] = await running(cluster);
  await cluster.client.delete(pods, { ...key, name: pod?.metadata?.name ?? "" });
  await cluster.advance(15_000);
  expect((await cluster.client.get(jobs, key)).status?.failed).toBeUndefined();
  expect(await running(cluster)).toHaveLength(0);
  await cluster.report(pod ?? {}, { ready: false, phase: "Failed" });
  await cluster.advance(12_000);
  expect((await cluster.client.get(jobs, key)).status?.failed).toBe(1);
  expect(await running(cluster)).toHaveLength(1);
});

test("fewer completions and less parallelism stop the pods that are too many, of each index one", async () => {
  await using cluster = await started({
    completions: 3,
    parallelism: 3,
    completionMode: "Indexed",
  });
  const wrong = { type: "merge", body: { spec: { completions: 2 } } } as const;
  await expect(cluster.client.patch(jobs, key, wrong)).rejects.toThrow("in tandem with");
  const body = { spec: { completions: 2, parallelism: 2 } };
  await cluster.client.patch(jobs, key, { type: "merge", body });
  await cluster.settle();
  const hosts = (await running(cluster)).map(({ spec }) => spec?.hostname);
  expect(new Set(hosts)).toEqual(new Set(["work-0", "work-1"]));
});

test("pods of a Job that was deleted as their owner only can be deleted", async () => {
  await using cluster = await started();
  await cluster.client.delete(jobs, key, { propagationPolicy: "Orphan" });
  await cluster.settle();
  const [pod] = await cluster.list(pods, "lab");
  expect(pod?.metadata?.ownerReferences).toBeUndefined();
  expect(pod?.metadata?.finalizers).toBeUndefined();
});

test("a Job without labels takes those of its pods", async () => {
  await using cluster = await started();
  const { metadata, spec } = await cluster.client.get(jobs, key);
  expect(metadata?.labels).toMatchObject({ "job-name": "work", "controller-uid": metadata?.uid });
  expect(metadata?.labels).toEqual(spec?.template.metadata?.labels);
});
