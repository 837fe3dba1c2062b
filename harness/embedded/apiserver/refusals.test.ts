import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpAnswer, HttpQuestion } from "./golden.fixture.ts";
import { ServerUnderTest } from "./golden.fixture.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";

let server: ServerUnderTest;
beforeAll(async () => {
  server = await ServerUnderTest.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const create = (metadata: object, query = ""): HttpQuestion => ({
  method: "POST",
  path: configMaps + query,
  body: { metadata },
});

function statusOf({ body }: HttpAnswer): { message: string; details?: object } {
  return JSON.parse(body) as { message: string; details?: object };
}

describe("metadata", () => {
  test("an object without a name is refused, and its details name none", async () => {
    const answer = await server.ask(create({}));
    expect(answer.code).toBe(422);
    const why = "name or generateName is required";
    expect(statusOf(answer)).toMatchObject({
      message: `ConfigMap "" is invalid: metadata.name: Required value: ${why}`,
      details: {
        kind: "ConfigMap",
        causes: [
          {
            reason: "FieldValueRequired",
            message: `Required value: ${why}`,
            field: "metadata.name",
          },
        ],
      },
    });
    expect(statusOf(answer).details).not.toHaveProperty("name");
  });

  test("a prefix for names may end with a dash, and is shown as it was given", async () => {
    expect((await server.ask(create({ generateName: "a-" }))).code).toBe(201);
    const { message } = statusOf(await server.ask(create({ generateName: "B-", name: "b" })));
    expect(message).toContain('metadata.generateName: Invalid value: "B-": a lowercase RFC 1123');
  });

  test.each([
    [
      { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p" }] },
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ],
    [
      { finalizers: ["mine"] },
      'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ],
  ])("%o is refused", async (metadata, why) => {
    const { message } = statusOf(await server.ask(create({ name: "m", ...metadata })));
    expect(message).toBe(`ConfigMap "m" is invalid: ${why}`);
  });
});
