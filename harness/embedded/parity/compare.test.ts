import { expect, test } from "vitest";
import { acceptedDifferences } from "./accepted-differences.ts";
import { compareTraces, describeDifference, unexplained } from "./compare.ts";
import { turningPoints } from "./lives.ts";
import { cutWhereRecordingEnds } from "./restarts.ts";
import { readActions, readTrace, type Trace, type TraceLine } from "./trace.ts";

const scenarios = [
  "g-badrollout",
  "g-config",
  "g-crash",
  "g-liveness",
  "g-readiness",
  "g-rollout",
  "g-startup",
];

function changed(trace: Trace, from: string, to: string): Trace {
  return JSON.parse(JSON.stringify(trace).replaceAll(from, to)) as Trace;
}

test.each(scenarios)("%s agrees with itself under other names, addresses and uids", (scenario) => {
  const trace = readTrace(scenario);
  expect(readActions(scenario).length).toBeGreaterThan(0);
  let renamed = changed(trace, "10.42.0.", "10.244.7.");
  const pod = trace.pods[0]?.object.metadata;
  if (pod?.generateName) renamed = changed(renamed, pod.name ?? "", `${pod.generateName}zzzzz`);
  if (pod?.uid) renamed = changed(renamed, pod.uid, "00000000-0000-4000-8000-000000000000");
  expect(compareTraces(trace, renamed).map(describeDifference)).toEqual([]);
});

test("another reason of a condition is a difference, named by object and facet", () => {
  const trace = readTrace("g-badrollout");
  const differences = compareTraces(trace, changed(trace, "ProgressDeadlineExceeded", "TooLate"));
  expect(differences.map(({ where }) => where)).toEqual([
    "deployments web | condition Progressing",
    "deployments web | status as last seen",
  ]);
});

test("a missing event and another count are differences", () => {
  const trace = readTrace("g-crash");
  const events = trace.events.filter(({ object }) => object["reason"] !== "BackOff");
  const [difference] = compareTraces(trace, { ...trace, events });
  expect(difference?.where).toContain("kubelet Warning BackOff");
  expect(difference?.replayed).toEqual([]);
});

test("a rollout that dips below its bounds is a difference, one in bigger steps is not", () => {
  const trace = readTrace("g-rollout");
  const withAvailable = (change: (line: TraceLine) => TraceLine | undefined): Trace => ({
    ...trace,
    deployments: trace.deployments.flatMap((line) => change(line) ?? []),
  });
  const [first] = trace.deployments.filter(({ t_ms }) => t_ms === 3766);
  const coarser = withAvailable((line) => (line === first ? undefined : line));
  expect(compareTraces(trace, coarser)).toEqual([]);
  const dipping = withAvailable((line) =>
    line.t_ms === 4330
      ? { ...line, object: { ...line.object, status: { availableReplicas: 1 } } }
      : line,
  );
  const where = compareTraces(trace, dipping).map((difference) => difference.where);
  expect(where).toContain("deployments web | status.availableReplicas of generation 2");
});

test("turning points keep the ends and the peaks", () => {
  expect(turningPoints(["0", "1", "3", "4", "2", "4"])).toEqual(["0", "4", "2", "4"]);
  expect(turningPoints(["0"])).toEqual(["0"]);
});

test("a recording that stops early, counts once more or fails otherwise is accepted nowhere", () => {
  const trace = readTrace("g-crash");
  const fewer = changed(trace, '"restartCount":3', '"restartCount":2');
  const another = changed(trace, '"exitCode":3', '"exitCode":4');
  for (const wrong of [fewer, another])
    expect(unexplained(compareTraces(trace, wrong), acceptedDifferences)).not.toEqual([]);
});

test("a replay is cut where the recording ends, counted from the last restart", () => {
  const trace = readTrace("g-crash");
  const last = trace.pods.at(-1);
  if (!last) throw new Error("g-crash has no pods");
  const late = { ...last, t_ms: last.t_ms + 30_000 };
  const cut = cutWhereRecordingEnds(trace, { ...trace, pods: [...trace.pods, late] });
  expect(cut.pods).toEqual(trace.pods);
});
