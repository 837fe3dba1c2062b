import type { Pod } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { podsToDelete } from "./deletion-rank.ts";

const nowMs = Date.parse("2026-01-01T10:00:00Z");

interface Traits {
  readonly node?: string;
  readonly phase?: string;
  readonly readySince?: string;
  readonly cost?: string;
  readonly restarts?: number;
  readonly created?: string;
}

function pod(name: string, traits: Traits = {}): Pod {
  const { node = "n", phase = "Running", readySince = "2026-01-01T09:00:00Z" } = traits;
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: traits.created ?? "2026-01-01T09:00:00Z",
      ...(traits.cost
        ? { annotations: { "controller.kubernetes.io/pod-deletion-cost": traits.cost } }
        : {}),
    },
    spec: { containers: [], ...(node === "" ? {} : { nodeName: node }) },
    status: {
      phase,
      conditions: [
        {
          type: "Ready",
          status: readySince === "never" ? "False" : "True",
          lastTransitionTime: readySince === "never" ? "2026-01-01T09:00:00Z" : readySince,
        },
      ],
      containerStatuses: [
        {
          name: "c",
          image: "i",
          imageID: "i",
          ready: true,
          restartCount: traits.restarts ?? 0,
        },
      ],
    },
  };
}

test.each([
  ["one without a node", pod("victim", { node: "" })],
  ["one that is pending", pod("victim", { phase: "Pending" })],
  ["one that is not ready", pod("victim", { readySince: "never" })],
  ["one that is cheap to delete", pod("victim", { cost: "-1" })],
  ["one that became ready just now", pod("victim", { readySince: "2026-01-01T09:59:59Z" })],
  ["one that restarted more often", pod("victim", { restarts: 3 })],
  ["one that is much younger", pod("victim", { created: "2026-01-01T09:59:59Z" })],
])("of pods that are otherwise alike goes %s", (_why, victim) => {
  const active = [pod("a"), victim, pod("z")];
  expect(podsToDelete(active, active, 1, nowMs)).toEqual([victim]);
});

test("a cost that is dear keeps a young pod", () => {
  const young = pod("young", { created: "2026-01-01T09:59:59Z", cost: "10" });
  const old = pod("old");
  expect(podsToDelete([young, old], [young, old], 1, nowMs)).toEqual([old]);
});

test("the node with most pods of the family loses one first", () => {
  const crowded = [pod("a", { node: "full" }), pod("b", { node: "full" })];
  const lonely = pod("0", { node: "empty" });
  expect(podsToDelete([lonely, ...crowded], [lonely, ...crowded], 1, nowMs)).toEqual([crowded[0]]);
});

test("all go when all have to", () => {
  const active = [pod("a"), pod("b")];
  expect(podsToDelete(active, active, 5, nowMs)).toEqual(active);
});
