import { expect, test } from "vitest";
import { largestFirst } from "./replicas.ts";

const replicaSet = (name: string, replicas: number, second: number) => ({
  metadata: { name, creationTimestamp: `2026-01-01T00:00:0${second}Z` },
  spec: { replicas, selector: {} },
});
const all = [
  replicaSet("b", 2, 1),
  replicaSet("a", 2, 1),
  replicaSet("c", 2, 2),
  replicaSet("d", 3, 3),
];

test.each([
  ["newest", ["d", "c", "b", "a"]],
  ["oldest", ["d", "a", "b", "c"]],
] as const)(
  "of ReplicaSets of one size the %s come first, and one second is told apart by name",
  (then, names) => {
    expect(largestFirst(all, then).map(({ metadata }) => metadata?.name)).toEqual(names);
  },
);
