import { expect, test } from "vitest";
import { SteppedClock } from "../../../time/stepped-clock.ts";
import { queueController } from "./run-controller.ts";
import { WorkQueue } from "./work-queue.ts";

test("a key that waits is handed out once however often it is added", async () => {
  const queue = new WorkQueue(new SteppedClock());
  queue.add("a");
  queue.add("a");
  queue.add("b");
  expect([await queue.take(), await queue.take()]).toEqual(["a", "b"]);
});

test("a key added while it is worked on comes back after it is done, and not before", async () => {
  const clock = new SteppedClock();
  const queue = new WorkQueue(clock);
  queue.add("a");
  await queue.take();
  queue.add("a");
  const taken: (string | undefined)[] = [];
  void queue.take().then((key) => taken.push(key));
  await clock.advance(0);
  expect(taken).toEqual([]);
  queue.done("a");
  await clock.advance(0);
  expect(taken).toEqual(["a"]);
});

test("of several delays the shortest counts", async () => {
  const clock = new SteppedClock();
  const queue = new WorkQueue(clock);
  queue.addAfter("a", 1_000);
  queue.addAfter("a", 100);
  queue.addAfter("a", 5_000);
  const taken: (string | undefined)[] = [];
  void queue.take().then((key) => taken.push(key));
  await clock.advance(99);
  expect(taken).toEqual([]);
  await clock.advance(1);
  expect(taken).toEqual(["a"]);
});

test("failures in a row wait 5, 10, 20 ms, and a success starts over", () => {
  const queue = new WorkQueue(new SteppedClock());
  expect([queue.retry("a"), queue.retry("a"), queue.retry("a")]).toEqual([5, 10, 20]);
  queue.forget("a");
  expect(queue.retry("a")).toBe(5);
});

test("stopping ends the workers, with nothing taken afterwards", async () => {
  const clock = new SteppedClock();
  const queue = new WorkQueue(clock);
  const waiting = queue.take();
  queue.addAfter("a", 10);
  queue.stop();
  queue.add("b");
  await clock.advance(100);
  expect(await waiting).toBeUndefined();
  expect(await queue.take()).toBeUndefined();
});

test("a reconciler that throws is tried again, and one that says when is called then", async () => {
  const clock = new SteppedClock();
  const calls: number[] = [];
  await using controller = queueController(
    {
      name: "test",
      watch: (enqueue) => enqueue("a"),
      reconcile: () => {
        calls.push(clock.now());
        if (calls.length === 1) return Promise.reject(new Error("first"));
        return Promise.resolve(calls.length === 2 ? { afterMs: 1_000 } : "done");
      },
    },
    clock,
  );
  controller.run();
  await clock.advance(5_000);
  expect(calls).toEqual([0, 5, 1_005]);
});
