import { afterAll, beforeAll, expect, test } from "vitest";
import type { HttpRequestOptions, RequestOptions } from "./request.ts";
import { startTestEngine, type TestEngine } from "./test-engine.ts";
import type { LabTools } from "./tools.ts";

let engine: TestEngine;
beforeAll(async () => void (engine = await startTestEngine()), 60_000);
afterAll(() => engine[Symbol.asyncDispose]());

/** What a lab's one step ends with; there is nothing in the cluster that a request could reach. */
async function errorOf(look: (tools: LabTools) => Promise<unknown>) {
  const { record } = await engine.run((tools) => {
    tools.step("Look", async () => void (await look(tools)));
  });
  return record.steps[0]?.error;
}

const get =
  (options: HttpRequestOptions, url = "http://web:8080/") =>
  (tools: LabTools) =>
    tools.expect(tools.from(tools.outside).get(url, options)).toAnswer({ status: 200 });
const answer = (times: number) => (tools: LabTools) =>
  tools.expect(tools.from(tools.outside).get("http://web/")).toAnswer({ status: 200 }, { times });
const lose =
  (perSecond: number, options: RequestOptions = {}) =>
  (tools: LabTools) => {
    const requests = tools.from(tools.outside).get("http://web/", options);
    const running = tools.load(requests, { perSecond }).during(async () => undefined);
    return tools.expect(running).toLoseNothing({ maxGapMs: 1000 });
  };

test.each<[string, (tools: LabTools) => Promise<unknown>]>([
  ["url: expected one that begins with http://, received web:8080/", get({}, "web:8080/")],
  ["timeoutMs: expected above 0, received 0", get({ timeoutMs: 0 })],
  ["connections: expected a whole number of 1 or more, received 0", get({ connections: 0 })],
  ["concurrency: expected a whole number of 1 or more, received NaN", get({ concurrency: NaN })],
  [
    "concurrency: expected at most the 2 connections, as each carries one request at a time, received 5",
    get({ connections: 2, concurrency: 5 }),
  ],
  ['a: expected a header of one line, received "b\\nc"', get({ headers: { a: "b\nc" } })],
  ["times: expected a whole number of 1 or more, received 0", answer(0)],
  ["ratePerSecond: expected above 0, received 0", lose(0, { timeoutMs: 500 })],
  ["timeoutMs: expected below the tolerated gap of 1000 ms, received 5000", lose(50)],
])("%s", async (message, look) => {
  expect(await errorOf(look)).toMatchObject({ code: "LAB_INVALID", exitCode: 2, message });
});
