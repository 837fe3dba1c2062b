import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { systemClock } from "../../time/clock.ts";
import { spawnEmbeddedCluster } from "../index.ts";
import { acceptedDifferences } from "./accepted-differences.ts";
import { compareTraces, describeDifference, unexplained } from "./compare.ts";
import { differencesPage, renderDifferences } from "./render-differences.ts";
import { replay } from "./replay.ts";
import { scenarios } from "./scenarios.ts";
import { readTrace } from "./trace.ts";

test("the page of differences is written from the list", () => {
  expect(readFileSync(differencesPage, "utf8")).toBe(renderDifferences());
});

test("every recorded scenario, played again, differs from the recording only where it is accepted", async () => {
  const signal = AbortSignal.timeout(150_000);
  const cluster = await spawnEmbeddedCluster({ name: `parity-${process.pid}`, signal });
  try {
    const { kubeConfigPath } = cluster.folder;
    const replays = Object.keys(scenarios).map(async (scenario) => {
      const replayed = await replay(scenario, { kubeConfigPath, clock: systemClock });
      const differences = compareTraces(readTrace(scenario), replayed);
      const left = unexplained(differences, acceptedDifferences);
      return left.map((difference) => `${scenario}: ${describeDifference(difference)}`);
    });
    expect((await Promise.all(replays)).flat()).toEqual([]);
  } finally {
    await cluster.stop();
  }
}, 180_000);
