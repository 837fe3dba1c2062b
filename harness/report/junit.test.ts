import { expect, test } from "vitest";
import { toJUnit } from "./junit.ts";
import type { RunRecord } from "./record.ts";

const run: RunRecord = {
  format: "kubelab-run/1",
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 1500,
  cluster: { description: "embedded", serverVersion: "v1.36.1" },
  outcome: "failed",
  phases: {},
  labs: [
    {
      lab: "deploy-app",
      outcome: "failed",
      durationMs: 1000,
      phases: {},
      steps: [
        {
          number: 1,
          title: { en: "Apply", zh: "应用" },
          outcome: "passed",
          durationMs: 200,
          checks: [],
        },
        {
          number: 2,
          title: "Ask <it>",
          outcome: "failed",
          durationMs: 300,
          checks: [],
          error: {
            code: "LAB_VERDICT_FAILED",
            message: 'wanted "pong" & got\u0007\n<none>',
            exitCode: 1,
          },
        },
        { number: 3, title: "Never", outcome: "skipped", durationMs: 0, checks: [] },
      ],
    },
    {
      lab: "compose",
      outcome: "skipped",
      reason: "no docker",
      durationMs: 0,
      phases: {},
      steps: [],
    },
  ],
};

test("a lab is a suite and a step is a case; what XML cannot hold is escaped or left out", () => {
  expect(toJUnit(run)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="kubelab" time="1.500">
  <testsuite name="deploy-app" tests="3" failures="1" skipped="1" time="1.000">
    <testcase classname="deploy-app" name="1. Apply" time="0.200"/>
    <testcase classname="deploy-app" name="2. Ask &lt;it&gt;" time="0.300">
      <failure type="LAB_VERDICT_FAILED" message="wanted &quot;pong&quot; &amp; got&#10;&lt;none&gt;"/>
    </testcase>
    <testcase classname="deploy-app" name="3. Never" time="0.000">
      <skipped/>
    </testcase>
  </testsuite>
  <testsuite name="compose" tests="1" failures="0" skipped="1" time="0.000">
    <testcase classname="compose" name="the lab" time="0.000">
      <skipped message="no docker"/>
    </testcase>
  </testsuite>
</testsuites>
`);
});
