import type { Probe } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { SteppedClock } from "../../time/stepped-clock.ts";
import { ProbeWorker, type ProbeKind, type ProbedRun } from "./probe-worker.ts";

class Scene {
  readonly clock = new SteppedClock();
  readonly results: (readonly [number, boolean])[] = [];
  readonly unhealthy: number[] = [];
  readonly said = new Set<string>();
  readonly asked: number[] = [];
  healthy = true;
  refused = false;
  errored = false;
  warning: string | undefined;
  started = true;
  run: ProbedRun | undefined;
  readonly worker: ProbeWorker;

  constructor(kind: ProbeKind, probe: Probe) {
    this.worker = new ProbeWorker({
      kind,
      probe,
      clock: this.clock,
      run: () => this.run,
      isStarted: () => this.started,
      execute: async () => {
        this.asked.push(this.clock.now());
        const { healthy: success, refused, errored, warning } = this;
        return { success, message: "no", refused, errored, ...(warning && { warning }) };
      },
      onResult: (_id, success) => this.results.push([this.clock.now(), success]),
      onUnhealthy: (message) => {
        this.unhealthy.push(this.clock.now());
        this.said.add(message);
      },
      onWarning: (message) => this.said.add(message),
    });
  }

  start(id: string): void {
    this.run = { id, startedAtMs: this.clock.now(), running: true };
  }
}

test("a liveness probe acts after period × threshold and then waits for the next run", async () => {
  const scene = new Scene("liveness", { periodSeconds: 2, failureThreshold: 3 });
  scene.start("one");
  scene.healthy = false;
  await scene.clock.advance(20_000);
  // The ticker ran while a real node would have made the sandbox.
  expect(scene.results).toEqual([[5_800, false]]);
  expect(scene.asked).toEqual([1_800, 3_800, 5_800]);
  expect(scene.worker.resultFor("one")).toBe(false);
  scene.start("two");
  scene.healthy = true;
  await scene.clock.advance(2_000);
  expect(scene.worker.resultFor("two")).toBe(true);
});

test("a readiness probe runs at once where it is asked to, and needs its thresholds in a row", async () => {
  const scene = new Scene("readiness", {
    periodSeconds: 1,
    failureThreshold: 2,
    successThreshold: 2,
  });
  scene.start("one");
  scene.worker.trigger();
  await scene.clock.advance(0);
  expect(scene.asked).toEqual([0]);
  expect(scene.worker.resultFor("one")).toBe(false);
  await scene.clock.advance(1_000);
  expect(scene.results).toEqual([[1_000, true]]);
  scene.healthy = false;
  await scene.clock.advance(1_000);
  scene.healthy = true;
  await scene.clock.advance(1_000);
  scene.healthy = false;
  await scene.clock.advance(2_000);
  expect(scene.results).toEqual([
    [1_000, true],
    [5_000, false],
  ]);
  expect(scene.unhealthy).toEqual([2_000, 4_000, 5_000]);
});

test("nothing is probed before initialDelaySeconds", async () => {
  const scene = new Scene("liveness", { periodSeconds: 1, initialDelaySeconds: 5 });
  scene.start("one");
  await scene.clock.advance(7_000);
  expect(scene.asked).toEqual([5_800, 6_800]);
});

test("liveness waits until the startup probe has succeeded, and the startup probe stops then", async () => {
  const startup = new Scene("startup", { periodSeconds: 1, failureThreshold: 30 });
  const liveness = new Scene("liveness", { periodSeconds: 1 });
  for (const scene of [startup, liveness]) {
    scene.started = false;
    scene.start("one");
    await scene.clock.advance(3_000);
  }
  expect([startup.asked.length, liveness.asked.length]).toEqual([3, 0]);
  for (const scene of [startup, liveness]) {
    scene.started = true;
    await scene.clock.advance(3_000);
  }
  expect([startup.asked.length, liveness.asked.length]).toEqual([3, 3]);
});

test.each(["readiness", "liveness"] as const)(
  "a %s probe that is refused while the program boots is not held against it",
  async (kind) => {
    const scene = new Scene(kind, { periodSeconds: 10 });
    scene.healthy = false;
    scene.refused = true;
    scene.start("one");
    scene.worker.trigger();
    await scene.clock.advance(300);
    expect(scene.unhealthy).toEqual([]);
    scene.healthy = true;
    await scene.clock.advance(100);
    expect([scene.unhealthy, scene.worker.resultFor("one")]).toEqual([[], true]);
  },
);

test("a readiness probe that stays refused counts once the time to boot is over", async () => {
  const scene = new Scene("readiness", { periodSeconds: 10 });
  scene.healthy = false;
  scene.refused = true;
  scene.start("one");
  scene.worker.trigger();
  await scene.clock.advance(2_000);
  expect(scene.unhealthy).toEqual([1_500]);
});

test("a liveness probe that cannot be made is told and never restarts the container", async () => {
  const scene = new Scene("liveness", { periodSeconds: 1, failureThreshold: 1 });
  scene.start("one");
  scene.healthy = false;
  scene.errored = true;
  await scene.clock.advance(5_000);
  expect(scene.results).toEqual([]);
  expect([...scene.said]).toEqual(["Liveness probe errored and resulted in unknown state: no"]);
  scene.errored = false;
  await scene.clock.advance(1_000);
  expect(scene.results.map(([, success]) => success)).toEqual([false]);
  expect([...scene.said][1]).toBe("Liveness probe failed: no");
});

test("a stopped worker asks nothing more", async () => {
  const scene = new Scene("liveness", { periodSeconds: 1 });
  scene.start("one");
  scene.worker.stop();
  await scene.clock.advance(5_000);
  expect(scene.asked).toEqual([]);
});

test("a warning of a probe that succeeds is told, and counts as the success it is", async () => {
  const scene = new Scene("readiness", { periodSeconds: 1 });
  scene.start("one");
  scene.warning = "Probe terminated redirects, Response body: ";
  await scene.clock.advance(1_000);
  expect(scene.worker.resultFor("one")).toBe(true);
  expect([...scene.said]).toEqual([
    "Readiness probe warning: Probe terminated redirects, Response body: ",
  ]);
});
