import { afterAll, beforeAll, expect, test } from "vitest";
import type { NoLossEvidence } from "../verdicts/no-loss.ts";
import type { LoadOptions } from "./load.ts";
import type { Define } from "./definition.ts";
import { outside } from "./request.ts";
import {
  deployment,
  type EngineRun,
  firstCheck,
  service,
  startTestEngine,
  type TestEngine,
} from "./test-engine.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
  engine.manifest(
    "apps.yaml",
    [
      deployment("caller", "access"),
      deployment("web", "web", { replicas: 2, args: ["--graceful=false"] }),
      service("web", { http: 8080 }, "NodePort"),
    ].join(""),
  );
}, 60_000);
afterAll(() => engine[Symbol.asyncDispose]());

type Tools = Parameters<Define>[0];

/** A lab with one load, from inside or from outside, while something is done. */
function runLoad(
  from: string | typeof outside,
  action: (tools: Tools) => Promise<void>,
  options: LoadOptions = {},
): Promise<EngineRun> {
  return engine.run((tools) => {
    const { step, apply, ready, load, expect: expectIt } = tools;
    step("Load", async () => {
      await apply("apps.yaml");
      await ready("deployment/caller", "deployment/web");
      const requests = tools.from(from).get("http://web:8080/ping", { timeoutMs: 1000 });
      const running = load(requests, { perSecond: 50, ...options });
      await expectIt(running.during(() => action(tools))).toLoseNothing();
    });
  });
}

async function deletePods({ kube, ready }: Tools): Promise<void> {
  for (const pod of await kube.pods("deployment/web")) {
    await kube.delete(`pod/${pod.metadata?.name}`);
    await ready("deployment/web");
  }
}

test.each([
  ["in a pod", "deployment/caller"],
  ["outside", outside],
] as const)(
  "from %s, losses are laid over what happened to the pods",
  async (_, from) => {
    const run = await runLoad(from, deletePods);
    const { record } = run;
    const check = firstCheck(run);
    expect(check).toMatchObject({ outcome: "fail" });
    const { events, byStream, outages, first } = firstCheck(run).evidence as NoLossEvidence;
    expect(new Set(events.map(({ kind }) => kind))).toEqual(
      new Set([
        "pod-deleted",
        "sigterm",
        "killing",
        "endpoint-removed",
        "endpoint-added",
        "pod-ready",
        "pod-not-ready",
        "pod-gone",
      ]),
    );
    expect(Object.keys(byStream).toSorted()).toEqual(["kept-alive", "new"]);
    expect(first?.near?.object).toMatch(/^pod\/web-/);
    expect(outages.length).toBeGreaterThan(0);
    expect(check?.summary).toMatch(
      /(new|kept-alive) \d+ of \d+, (new|kept-alive) \d+ of \d+ · longest gap/,
    );
    expect(check?.summary).toMatch(/first \d+ ms (after|before) [a-z-]+ of pod\/web-/);
    expect(JSON.parse(JSON.stringify(record))).toMatchObject({
      steps: [{ checks: [{ evidence: { events } }] }],
    });
  },
  60_000,
);

test("a load that nothing disturbs passes, both streams in full", async () => {
  const { checks } = await runLoad("deployment/caller", async () => undefined, { afterMs: 1500 });
  expect(checks[0]?.summary).toMatch(/^0 failed of \d+ requests/);
  expect(checks[0]?.outcome).toBe("pass");
}, 60_000);

test("a sender whose event loop stands still is inconclusive", async () => {
  const { checks, record } = await runLoad(outside, async () => {
    // From outside the requests are sent by this very process.
    for (const until = performance.now() + 600; performance.now() < until;);
  });
  expect(checks[0]?.outcome).toBe("inconclusive");
  expect(checks[0]?.summary).toMatch(/the sender stood still for|requests left late/);
  expect(record.steps[0]?.error?.code).toBe("LAB_VERDICT_INCONCLUSIVE");
}, 60_000);
