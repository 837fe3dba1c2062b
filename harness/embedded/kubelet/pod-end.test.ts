import { expect, test } from "vitest";
import { shell, startTestNode, type TestNode } from "./node.fixture.ts";

const patient = "trap 'exit 0' TERM; while :; do sleep 0.05; done";

/** The pod's states in brief, each once: phase, reason, why it is not ready, and how its containers are. */
function lifeOf(node: TestNode, name: string): string[] {
  const lines = node.states
    .filter(({ metadata }) => metadata?.name === name)
    .map(({ status = {} }) => {
      const condition = (type: string) => status.conditions?.find((it) => it.type === type);
      const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
      return [
        status.phase,
        status.reason ?? "-",
        condition("Ready")?.reason ?? "-",
        `sandbox ${condition("PodReadyToStartContainers")?.status}`,
        ...all.map((it) => `${it.name} ${Object.keys(it.state ?? {})[0]}`),
      ].join(", ");
    });
  const last = lines.findLastIndex((line) => line.includes("Running, -, -,"));
  return lines.slice(last + 1).filter((line, index, rest) => line !== rest[index - 1]);
}

test("a pod whose containers are done keeps its phase until it has left the node", async () => {
  await using node = await startTestNode({ relistMs: 100 });
  await node.create("done", { restartPolicy: "Never", containers: [shell("sleep 1")] });
  await node.until("done", ({ phase }) => phase === "Succeeded");
  expect(lifeOf(node, "done")).toEqual([
    "Running, -, PodCompleted, sandbox True, c terminated",
    "Succeeded, -, PodCompleted, sandbox False, c terminated",
  ]);
});

test("a pod that is past its deadline fails once its containers have ended", async () => {
  await using node = await startTestNode({ relistMs: 100 });
  await node.create("late", { activeDeadlineSeconds: 2, containers: [shell(patient)] });
  await node.until("late", ({ phase }) => phase === "Failed");
  expect(lifeOf(node, "late")).toEqual([
    "Running, -, PodFailed, sandbox True, c running",
    "Failed, DeadlineExceeded, PodFailed, sandbox False, c terminated",
  ]);
});

test("sidecars run until the last container is done, and the pod runs as long as they do", async () => {
  await using node = await startTestNode({ relistMs: 100 });
  await node.create("p", {
    restartPolicy: "OnFailure",
    terminationGracePeriodSeconds: 5,
    initContainers: [shell(patient, { name: "side", restartPolicy: "Always" })],
    containers: [shell("sleep 1")],
  });
  await node.until("p", ({ phase }) => phase === "Succeeded");
  expect(lifeOf(node, "p")).toEqual([
    "Running, -, ContainersNotReady, sandbox True, side running, c terminated",
    "Running, -, PodCompleted, sandbox False, side terminated, c terminated",
    "Succeeded, -, PodCompleted, sandbox False, side terminated, c terminated",
  ]);
  const told = (await node.events("p")).map(({ reason, message }) => `${reason}: ${message}`);
  expect(told).toContain("Killing: Stopping container side");
});
