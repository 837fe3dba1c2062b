import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../time/clock.ts";
import { spawnEmbeddedCluster, uniqueClusterName } from "../index.ts";
import { acceptedDifferences } from "./accepted-differences.ts";
import { compareTraces, describeDifference, unexplained } from "./compare.ts";
import { replay } from "./replay.ts";
import { scenarios } from "./scenarios.ts";
import { readTrace } from "./trace.ts";

const names = Object.keys(scenarios);
const replays = new Map<string, ReturnType<typeof replay>>();
let stop = (): Promise<void> => Promise.resolve();

beforeAll(async () => {
  const signal = AbortSignal.timeout(150_000);
  const cluster = await spawnEmbeddedCluster({ name: uniqueClusterName("parity"), signal });
  stop = () => cluster.stop();
  // Side by side, because a scenario is mostly waiting.
  for (const name of names) {
    const played = replay(name, {
      kubeConfigPath: cluster.folder.kubeConfigPath,
      clock: systemClock,
    });
    // Its own test tells of a failure.
    played.catch(() => {});
    replays.set(name, played);
  }
});
afterAll(() => stop());

test.each(names)(
  "%s, played again, differs from the recording only where it is accepted",
  async (name) => {
    const replayed = await replays.get(name);
    if (!replayed) throw new Error(`${name} was not played`);
    const differences = compareTraces(readTrace(name), replayed);
    expect(unexplained(differences, acceptedDifferences).map(describeDifference)).toEqual([]);
  },
  180_000,
);
