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

describe("bodies", () => {
  test.each([
    ["", "unexpected end of JSON input (<empty>)"],
    ["a: b", "invalid character 'a' looking for beginning of value (613a2062)"],
    [
      `{"metadata":{"name":"a-rather-long-name"`,
      `unexpected end of JSON input ({"metadata":{"name":"a-rather- ...)`,
    ],
    [
      "[]",
      'json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
    ],
  ])("%j is shown as far as it helps", async (body, why) => {
    const { message } = statusOf(await server.ask({ method: "POST", path: configMaps, body }));
    const lead = "the object provided is unrecognized (must be of type ConfigMap)";
    expect(message).toBe(`${lead}: couldn't get version/kind; json parse error: ${why}`);
  });
});

describe("patches", () => {
  const path = `${configMaps}/patched`;
  const patch = (kind: string, body: unknown, query = ""): HttpQuestion => ({
    method: "PATCH",
    path: path + query,
    type: `application/${kind}`,
    body,
  });
  beforeAll(async () => {
    await server.ask({
      method: "POST",
      path: configMaps,
      body: { metadata: { name: "patched" }, data: { a: "b" } },
    });
  });

  const strict = "?fieldValidation=Strict&fieldManager=m";
  const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "patched" } };
  const typed = "failed to create typed patch object (default/patched; /v1, Kind=ConfigMap)";
  test.each<[string, HttpQuestion, number, string]>([
    [
      "a strategic merge patch with a wrong type",
      patch("strategic-merge-patch+json", { data: { a: 1, b: "x" } }),
      422,
      ' "" is invalid: patch: Invalid value: "map[data:map[a:1 b:x]]": cannot convert int64 to string',
    ],
    [
      "a strategic merge patch with a value for a map",
      patch("strategic-merge-patch+json", { data: "x" }),
      422,
      ' "" is invalid: patch: Invalid value: "map[data:x]": cannot restore map from string',
    ],
    [
      "a strategic merge patch with an unknown field",
      patch("strategic-merge-patch+json", { bogus: true }, strict),
      422,
      ' "" is invalid: patch: Invalid value: "map[bogus:true]": strict decoding error: unknown field "bogus"',
    ],
    [
      "a JSON patch that tests for what is not there",
      patch("json-patch+json", [{ op: "test", path: "/data/a", value: "c" }]),
      422,
      "the server rejected our request due to an error in our request",
    ],
    [
      "a JSON patch that is none",
      patch("json-patch+json", {}),
      400,
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    ],
    [
      "a merge patch that breaks off",
      patch("merge-patch+json", '{"data":'),
      400,
      "error decoding patch: unexpected end of JSON input",
    ],
    ["a patch of no kind", patch("json", {}), 415, "415: Unsupported Media Type"],
    [
      "an applied field that the schema lacks",
      patch("apply-patch+yaml", { ...manifest, bogus: 1 }, "?fieldManager=m"),
      500,
      `${typed}: .bogus: field not declared in schema`,
    ],
    [
      "applied values of wrong types",
      patch("apply-patch+yaml", { ...manifest, data: { a: 1 }, immutable: "x" }, strict),
      500,
      `${typed}: errors:\n  .data.a: expected string, got &value.valueUnstructured{Value:1}\n  .immutable: expected boolean, got &{x}`,
    ],
    [
      "what is applied without its version",
      patch("apply-patch+yaml", { data: {} }, "?fieldManager=m"),
      400,
      "Incorrect version specified in apply patch. Specified patch version: , expected: v1",
    ],
  ])("%s is refused in Kubernetes' words", async (_what, question, code, message) => {
    const answer = await server.ask(question);
    expect(statusOf(answer).message).toBe(message);
    expect(answer.code).toBe(code);
  });

  test("a merge patch is refused with the object that it leaves", async () => {
    const answer = await server.ask(patch("merge-patch+json", { data: { a: 1 } }));
    expect(statusOf(answer).message).toMatch(
      /^ "" is invalid: patch: Invalid value: "{.*\\"a\\":1.*}": json: cannot unmarshal number into Go struct field ConfigMap.data of type string$/,
    );
  });
});

test.each([
  [
    "configmaps",
    '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
  ["pods", "field label not supported: data.a"],
])("a field that %s cannot be selected by is named", async (plural, message) => {
  const answer = await server.ask({ path: `/api/v1/${plural}?fieldSelector=data.a=b` });
  expect(statusOf(answer)).toMatchObject({ code: 400, message });
});

test("a label that has dots where none may be is told so", async () => {
  const body = { metadata: { name: "a.b" } };
  const { message } = statusOf(
    await server.ask({ method: "POST", path: "/api/v1/namespaces", body }),
  );
  expect(message).toBe(
    'Namespace "a.b" is invalid: metadata.name: Invalid value: "a.b": must not contain dots',
  );
});

test("an address of a Service that is none is refused, and one from elsewhere", async () => {
  const service = (clusterIP: string): HttpQuestion => ({
    method: "POST",
    path: "/api/v1/namespaces/default/services",
    body: { metadata: { name: "s" }, spec: { clusterIP, ports: [{ port: 80 }] } },
  });
  expect(statusOf(await server.ask(service("banana"))).message).toBe(
    'Service "s" is invalid: spec.clusterIPs[0]: Invalid value: "banana": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  );
  expect(statusOf(await server.ask(service("1.2.3.4"))).message).toContain(
    "not in the valid range",
  );
});

test("a negative grace period counts as one second, and may be mended to it", async () => {
  const pods = "/api/v1/namespaces/default/pods";
  const spec = {
    nodeName: "n",
    terminationGracePeriodSeconds: -5,
    containers: [{ name: "c", image: "i" }],
  };
  await server.ask({ method: "POST", path: pods, body: { metadata: { name: "hasty" }, spec } });
  const mend = (seconds: number): HttpQuestion => ({
    method: "PATCH",
    path: `${pods}/hasty?dryRun=All`,
    type: "application/merge-patch+json",
    body: { spec: { terminationGracePeriodSeconds: seconds } },
  });
  expect((await server.ask(mend(2))).code).toBe(422);
  expect((await server.ask(mend(1))).code).toBe(200);
  const { body } = await server.ask({ method: "DELETE", path: `${pods}/hasty` });
  expect(body).toContain('"deletionGracePeriodSeconds": 1,');
});
