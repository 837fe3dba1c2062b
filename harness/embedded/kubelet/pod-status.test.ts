import { expect, test } from "vitest";
import type { ContainerRun, Pod } from "./pod-model.ts";
import { statusOf } from "./pod-status.ts";

const pod: Pod = {
  metadata: { name: "p" },
  spec: {
    initContainers: [{ name: "side", image: "i", restartPolicy: "Always" }],
    containers: [{ name: "main", image: "i" }],
  },
};

function stateOf(exitCode: number): unknown {
  const run: ContainerRun = {
    id: "1",
    restartCount: 0,
    imageReference: "i",
    imageId: "",
    startedAtMs: 0,
    termination: { exitCode, reason: exitCode === 0 ? "Completed" : "Error", finishedAtMs: 1000 },
  };
  const { initContainerStatuses } = statusOf({
    pod,
    nowMs: 2000,
    startTimeMs: 0,
    hostIP: "127.0.0.1",
    podIP: undefined,
    sandboxReady: true,
    previous: {},
    runsOf: (name) => (name === "side" ? [run] : []),
    failureOf: (name) =>
      name === "side" ? { reason: "CrashLoopBackOff", message: "" } : undefined,
    isStarted: () => false,
    isReady: () => false,
    terminal: false,
    cgroupKnown: false,
  });
  return initContainerStatuses?.[0]?.state;
}

test("a sidecar that backs off shows it, but not where it had ended well", () => {
  expect(stateOf(2)).toEqual({ waiting: { reason: "CrashLoopBackOff" } });
  expect(stateOf(0)).toMatchObject({ terminated: { exitCode: 0, reason: "Completed" } });
});
