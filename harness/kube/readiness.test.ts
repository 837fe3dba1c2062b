import { expect, test } from "vitest";
import type { KubeObject } from "./object.ts";
import { judgeReadiness } from "./readiness.ts";

function deployment(status: Record<string, unknown>, replicas = 3): KubeObject {
  return { kind: "Deployment", metadata: { generation: 2 }, spec: { replicas }, status };
}

const rolledOut = {
  observedGeneration: 2,
  replicas: 3,
  updatedReplicas: 3,
  readyReplicas: 3,
  availableReplicas: 3,
};

function pod(reason: string): KubeObject {
  const state = { waiting: { reason, message: 'pull "x": not found' } };
  return {
    kind: "Pod",
    metadata: { name: "reviews-7c9f" },
    status: { containerStatuses: [{ name: "app", state }] },
  };
}

test("a Deployment is ready when all replicas are of the new template and available", () => {
  expect(judgeReadiness(deployment(rolledOut), [])).toEqual({
    state: "ready",
    progress: "3 of 3 replicas ready",
  });
});

test.each([
  [
    "its controller has not seen the change",
    { observedGeneration: 1 },
    "the controller has not seen the change yet",
  ],
  ["not all replicas are updated", { updatedReplicas: 1, replicas: 3 }, "1 of 3 replicas updated"],
  ["old replicas still run", { replicas: 4 }, "1 old replica pending termination"],
  [
    "not all updated ones are available",
    { availableReplicas: 2 },
    "2 of 3 updated replicas available",
  ],
])("a Deployment waits while %s", (_, change, last) => {
  const found = judgeReadiness(deployment({ ...rolledOut, ...change }), []);
  expect(found).toMatchObject({ state: "waiting", last });
});

test("a Deployment with nothing available is not ready although its condition says Available", () => {
  const conditions = [{ type: "Available", status: "True" }];
  const status = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, conditions };
  expect(judgeReadiness(deployment(status, 1), []).state).toBe("waiting");
});

test.each(["ImagePullBackOff", "CreateContainerConfigError", "CrashLoopBackOff"])(
  "a pod in %s makes its Deployment a failing one that names the pod",
  (reason) => {
    const found = judgeReadiness(deployment({ observedGeneration: 2, readyReplicas: 1 }), [
      pod(reason),
    ]);
    expect(found).toMatchObject({
      state: "failing",
      progress: "1 of 3 replicas ready",
      last: `${reason} on reviews-7c9f`,
      detail: 'container app: pull "x": not found',
    });
  },
);

test("a container that ended again and waits for its restart is in a crash loop", () => {
  const terminated = { exitCode: 3, reason: "Error" };
  const crashing = (restartCount: number, restartPolicy = "Always"): KubeObject => ({
    kind: "Pod",
    metadata: { name: "web-1" },
    spec: { restartPolicy },
    status: { containerStatuses: [{ name: "web", restartCount, state: { terminated } }] },
  });
  const judge = (one: KubeObject) => judgeReadiness(deployment({ observedGeneration: 2 }), [one]);
  expect(judge(crashing(1))).toMatchObject({
    state: "failing",
    last: "CrashLoopBackOff on web-1",
    detail: "container web: Error, exit code 3, 1 restart",
  });
  expect(judge(crashing(0)).state).toBe("waiting");
  expect(judge(crashing(1, "OnFailure")).state).toBe("waiting");
});

test("a pod that is only being created is waited for", () => {
  const found = judgeReadiness(deployment({ observedGeneration: 2 }), [pod("ContainerCreating")]);
  expect(found).toMatchObject({ state: "waiting", last: "ContainerCreating on reviews-7c9f" });
});

test("a pod that goes away is nobody's trouble", () => {
  const going = {
    ...pod("CrashLoopBackOff"),
    metadata: { name: "old", deletionTimestamp: "2026-01-01T00:00:00Z" },
  };
  expect(judgeReadiness(deployment({ observedGeneration: 2 }), [going]).state).toBe("waiting");
});

test("an exceeded deadline and an unschedulable pod are failing", () => {
  const conditions = [
    { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "m" },
  ];
  expect(judgeReadiness(deployment({ observedGeneration: 2, conditions }), [])).toMatchObject({
    state: "failing",
    last: "ProgressDeadlineExceeded",
  });
  const scheduled = [
    { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes" },
  ];
  const lost = { kind: "Pod", metadata: { name: "a" }, status: { conditions: scheduled } };
  expect(judgeReadiness(deployment({ observedGeneration: 2 }), [lost])).toMatchObject({
    state: "failing",
    last: "Unschedulable: a",
    detail: "0/1 nodes",
  });
});

function job(status: Record<string, unknown>): KubeObject {
  return { kind: "Job", spec: { completions: 2 }, status };
}

test("a Job is ready when it is complete and failing when it failed", () => {
  expect(judgeReadiness(job({ succeeded: 1 }), []).state).toBe("waiting");
  expect(judgeReadiness(job({ succeeded: 2 }), []).state).toBe("ready");
  const failed = {
    conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded" }],
  };
  expect(judgeReadiness(job(failed), [])).toMatchObject({
    state: "failing",
    last: "BackoffLimitExceeded",
  });
});
