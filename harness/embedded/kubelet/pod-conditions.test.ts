import type { ContainerStatus, Pod } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { conditionsOf } from "./pod-conditions.ts";

const pod: Pod = {
  spec: {
    initContainers: [{ name: "side", image: "i", restartPolicy: "Always" }],
    containers: [{ name: "main", image: "i" }],
  },
};
const startedAt = "2026-01-01T00:00:00Z";
const status = (name: string, isUp: boolean, state: ContainerStatus["state"]): ContainerStatus => ({
  name,
  image: "i",
  imageID: "",
  restartCount: 0,
  ready: isUp,
  started: isUp,
  ...(state ? { state } : {}),
});
const down = status("side", false, { terminated: { exitCode: 2 } });

function conditions(init: ContainerStatus, main: ContainerStatus): Record<string, string> {
  const all = conditionsOf({
    pod,
    phase: "Running",
    init: [init],
    main: [main],
    sandboxReady: true,
    previous: [],
    now: startedAt,
  });
  return Object.fromEntries(all.map(({ type, status: is, message }) => [type, message ?? is]));
}

test("a sidecar that ends before the containers start keeps the pod from being initialized", () => {
  const waiting = status("main", false, { waiting: { reason: "PodInitializing" } });
  expect(conditions(down, waiting)).toMatchObject({
    Initialized: "containers with incomplete status: [side]",
    Ready: "containers with unready status: [side main]",
  });
});

test("a sidecar that restarts later leaves the pod initialized, but not ready", () => {
  const running = status("main", true, { running: { startedAt } });
  expect(conditions(down, running)).toMatchObject({
    Initialized: "True",
    Ready: "containers with unready status: [side]",
    ContainersReady: "containers with unready status: [side]",
  });
});
