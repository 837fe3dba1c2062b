import type { Pod } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { podCounts, startRecording } from "./recording.ts";
import type { WatchEvent } from "./watch.ts";

interface Shape {
  readonly ready?: boolean;
  readonly stopping?: boolean;
  readonly type?: WatchEvent<Pod>["type"];
}

const pod = (
  uid: string,
  { ready = false, stopping = false, type }: Shape = {},
): WatchEvent<Pod> => ({
  type: type ?? "MODIFIED",
  object: {
    metadata: { uid, ...(stopping ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  },
});

test("the most pods and the fewest ready ones are those of the extreme moments", () => {
  const changes = [
    pod("a", { ready: true }),
    pod("b", { ready: true }),
    pod("c"),
    pod("b", { ready: true, stopping: true }),
    pod("c", { ready: true }),
  ];

  expect(podCounts(changes, 2)).toEqual({ most: 3, fewestReady: 1 });
});

test("what is told of before the list is complete is no moment", () => {
  expect(podCounts([pod("a", { ready: true }), pod("b", { ready: true })], 2)).toEqual({
    most: 2,
    fewestReady: 2,
  });
});

test("a pod that is gone no longer counts", () => {
  const changes = [
    pod("a", { ready: true }),
    pod("a", { ready: true, type: "DELETED" }),
    pod("b", { ready: true }),
  ];

  expect(podCounts(changes, 1)).toEqual({ most: 1, fewestReady: 0 });
});

test("a recording is in force when it is there, and a watch that failed is told of at its end", async () => {
  const broken = new Error("forbidden");
  const recording = await startRecording<Pod>({
    async *watch(_signal, onListed) {
      yield pod("a");
      onListed();
      yield pod("b");
      throw broken;
    },
  });

  expect(recording.listed).toBe(1);
  await expect.poll(() => recording.changes.length).toBe(2);
  await expect(recording.stop()).rejects.toThrow(broken);
});
