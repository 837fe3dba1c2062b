import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

import { startMisbehaving } from "../../fixtures/misbehave/server.ts";
import { createExact } from "../verdicts/exact.ts";
import type { Observation } from "./observation.ts";
import { podVantage, type PodVantageOptions } from "./pod-vantage.ts";
import { sample } from "./sample.ts";

const client = fileURLToPath(new URL("../../fixtures/client/client.ts", import.meta.url));
const program = ["-e", `import(${JSON.stringify(client)}).then((app) => app.main([]))`];

/** Runs the client as a process of this machine, as a container would. */
const exec: PodVantageOptions["exec"] = (_command, stdin, signal) => {
  const child = spawn(process.execPath, program, { signal, killSignal: "SIGKILL" });
  child.on("error", () => {});
  stdin.pipe(child.stdin);
  const exit = once(child, "close").then(([code]) => Number(code));
  return { stdout: child.stdout, stderr: child.stderr, exit };
};

const vantage = podVantage({ name: "deployment/access", exec });

/** A process that prints this and ends. */
function printing(stdout: string, code = 0, stderr = ""): PodVantageOptions["exec"] {
  return () => ({
    stdout: Readable.from([stdout]),
    stderr: Readable.from([stderr]),
    exit: Promise.resolve(code),
  });
}

const plan = { mode: "closed", url: "http://127.0.0.1:1/", connections: "new" } as const;
const never = new AbortController().signal;

test("sends from the other process, streams back, and stops when the verdict is in", async () => {
  await using server = await startMisbehaving({ port: 0 });
  const verdict = await sample(
    vantage,
    { ...plan, url: server.url, keepBody: true },
    createExact({ expected: { description: "right", holds: ({ body }) => body === "right\n" } }),
  );
  expect(verdict.outcome).toBe("pass");
  expect(verdict.requests).toBe(1375);
});

test("hands over every observation of an open loop, also those after the stop", async () => {
  await using server = await startMisbehaving({ port: 0, faults: "stall:1:200" });
  const stop = new AbortController();
  const observations: Observation[] = [];
  const report = await vantage.send(
    { mode: "open", url: server.url, ratePerSecond: 50 },
    (observation) => {
      observations.push(observation);
      if (observations.length === 10) stop.abort();
    },
    stop.signal,
  );
  expect(observations).toHaveLength(report.sent);
  expect(report.sent).toBeGreaterThan(10);
});

test("ends with the run's own reason when that is aborted", async () => {
  await using server = await startMisbehaving({ port: 0, faults: "stall:1:5000" });
  const signal = AbortSignal.timeout(700);
  const sampling = sample(vantage, { ...plan, url: server.url }, createExact({ expected: "v1" }), {
    signal,
  });
  await expect(sampling).rejects.toThrow(/timeout/);
});

describe("a vantage that cannot send says why", () => {
  test.each([
    [
      "a program that is not there",
      printing("", 127, "node: not found\n"),
      /exit code 127 .*not found/,
    ],
    [
      "a program that says something else",
      printing("hello\n"),
      /one observation a line, received "hello"/,
    ],
    ["a program that ends early", printing("", 0), /exit code 0 before it was through/],
  ])("%s", async (_name, run, message) => {
    const broken = podVantage({ name: "pod/x", exec: run });
    await expect(broken.send(plan, () => {}, never)).rejects.toThrow(message);
    await expect(broken.send(plan, () => {}, never)).rejects.toMatchObject({
      code: "LAB_VANTAGE_UNUSABLE",
    });
  });

  test("a plan that makes no sense", async () => {
    const wrong = { ...plan, connections: 1, concurrency: 5 };
    await expect(vantage.send(wrong, () => {}, never)).rejects.toThrow(
      /5 requests at once do not fit on 1 connections/,
    );
  });
});

test("takes lines in whatever pieces they come", async () => {
  const lines = `{"sequence":0}\n{"sequence":1}\n{"report":{"sent":2}}\n`;
  const pieces = podVantage({
    name: "pod/x",
    exec: () => ({
      stdout: Readable.from(lines.match(/.{1,7}|\n/gs) ?? []),
      stderr: Readable.from([]),
      exit: Promise.resolve(0),
    }),
  });
  const seen: Observation[] = [];
  expect(await pieces.send(plan, (one) => seen.push(one), never)).toEqual({ sent: 2 });
  expect(seen.map(({ sequence }) => sequence)).toEqual([0, 1]);
});
