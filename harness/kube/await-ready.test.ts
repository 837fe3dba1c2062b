import { expect, test } from "vitest";
import { SteppedClock } from "../time/stepped-clock.ts";
import { ApiError } from "./api-error.ts";
import { type AwaitReadyOptions, mustBecomeReady } from "./await-ready.ts";
import type { KubeObject } from "./object.ts";

const waiting: KubeObject = {
  kind: "Deployment",
  spec: { replicas: 3 },
  status: { readyReplicas: 1 },
};
const ready: KubeObject = {
  kind: "Deployment",
  spec: { replicas: 1 },
  status: { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
};

function start(clock: SteppedClock, options: Partial<AwaitReadyOptions>) {
  const result = mustBecomeReady({
    subject: "Deployment default/reviews",
    read: async () => waiting,
    readPods: async () => [],
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    clock,
    ...options,
  });
  result.catch(() => undefined);
  return result;
}

function podIn(reason: string): KubeObject {
  const containerStatuses = [{ name: "app", state: { waiting: { reason } } }];
  return { kind: "Pod", metadata: { name: "reviews-7c9f" }, status: { containerStatuses } };
}

test("gives the object once it is ready, also when it did not exist at first", async () => {
  const clock = new SteppedClock();
  let reads = 0;
  const read = async () => {
    if (++reads < 3) throw new ApiError(404, { reason: "NotFound" }, "GET x");
    return ready;
  };
  const result = start(clock, { read });
  await clock.advance(1_000);
  await expect(result).resolves.toBe(ready);
});

test("says at the end of its time what was expected and what was last seen", async () => {
  const clock = new SteppedClock();
  const result = start(clock, { readPods: async () => [podIn("ContainerCreating")] });
  await clock.advance(61_000);
  await expect(result).rejects.toMatchObject({
    code: "LAB_WAIT_TIMEOUT",
    message: expect.stringMatching(
      /^Deployment default\/reviews: 1 of 3 replicas ready after 60s; last: ContainerCreating on reviews-7c9f$/,
    ),
  });
});

test("ends early in a state that time does not cure, but not for a moment of it", async () => {
  const clock = new SteppedClock();
  let pods = [podIn("CreateContainerConfigError")];
  const result = start(clock, { readPods: async () => pods });
  let settled = false;
  void result.then(
    () => (settled = true),
    () => (settled = true),
  );
  await clock.advance(1_500);
  pods = [];
  await clock.advance(3_000);
  expect(settled).toBe(false);
  pods = [podIn("ImagePullBackOff")];
  await clock.advance(3_000);
  await expect(result).rejects.toMatchObject({
    code: "LAB_ROLLOUT_FAILED",
    message: expect.stringContaining("last: ImagePullBackOff on reviews-7c9f"),
  });
});

test("an error of the API other than not found ends the wait at once", async () => {
  const refused = new ApiError(403, { reason: "Forbidden", message: "no" }, "GET x");
  const read = () => Promise.reject(refused);
  await expect(start(new SteppedClock(), { read })).rejects.toMatchObject({ code: 403 });
});

test("adds at the end of its time what the cluster warned of last", async () => {
  const clock = new SteppedClock();
  const result = start(clock, { readWarning: async () => "references non-existent key: APP" });
  await clock.advance(61_000);
  await expect(result).rejects.toThrow(/1 of 3 .*\(references non-existent key: APP\)$/);
});
