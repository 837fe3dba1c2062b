import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { SteppedClock } from "../../time/stepped-clock.ts";
import { ContainerLog } from "./container-log.ts";
import { readLog } from "./log-reader.ts";

test("rotates, keeps as many files as it is told to, and joins long lines again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kubelab-log-"));
  const clock = new SteppedClock(1_000);
  const log = new ContainerLog({
    path: join(folder, "0.log"),
    clock,
    maxBytes: 100_000,
    maxFiles: 3,
  });
  const stream = new PassThrough();
  log.capture(stream, "stdout");
  const line = "x".repeat(40_000);
  for (let count = 0; count < 20; count++) stream.write(`${line}\n`);
  stream.end("last, without an end of line");
  await new Promise<void>((resolve) => log.once("end", resolve));
  expect(readdirSync(folder).toSorted()).toEqual(["0.log", "0.log.1", "0.log.2"]);
  const shown = (await text(readLog(log, {}, clock))).split("\n");
  expect(shown.at(-2)).toBe("last, without an end of line");
  expect(shown.slice(0, -2).every((it) => it === line)).toBe(true);
  rmSync(folder, { recursive: true });
});
