import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpQuestion, ServerUnderTest } from "../golden.fixture.ts";

const path = "/api/v1/namespaces/default/configmaps";

let server: ServerUnderTest;
beforeAll(async () => {
  server = await ServerUnderTest.start();
  await server.ask({ method: "POST", path, body: { metadata: { name: "c" } } });
});
afterAll(() => server[Symbol.asyncDispose]());

const create = (query: string): HttpQuestion => ({
  method: "POST",
  path: `${path}?${query}`,
  body: { metadata: { name: "unwanted" } },
});
const remove = (query: string, body?: object): HttpQuestion => ({
  method: "DELETE",
  path: `${path}/c?${query}`,
  body,
});
const patch = (query: string): HttpQuestion => ({
  method: "PATCH",
  path: `${path}/c?${query}`,
  type: "application/merge-patch+json",
  body: {},
});
const get = (query: string): HttpQuestion => ({ path: `${path}?${query}` });
const invalid = (kind: string, why: string): string => `${kind}.meta.k8s.io "" is invalid: ${why}`;
const forbidden = (field: string, why: string): string => `${field}: Forbidden: ${why}`;
const match = "resourceVersionMatch";

test.each<[HttpQuestion, number, string]>([
  [
    create("dryRun=Nope"),
    422,
    invalid("CreateOptions", 'dryRun: Unsupported value: ["Nope"]: supported values: "All"'),
  ],
  [
    create("fieldValidation=Nope"),
    422,
    invalid(
      "CreateOptions",
      'fieldValidation: Unsupported value: "Nope": supported values: "", "Ignore", "Strict", "Warn"',
    ),
  ],
  [
    patch("force=true"),
    422,
    invalid("PatchOptions", forbidden("force", "may not be specified for non-apply patch")),
  ],
  [
    remove("propagationPolicy=Nope"),
    422,
    invalid(
      "DeleteOptions",
      'propagationPolicy: Unsupported value: "Nope": supported values: "Background", "Foreground", "Orphan", "nil"',
    ),
  ],
  [
    remove("", { orphanDependents: true, propagationPolicy: "Orphan" }),
    422,
    invalid(
      "DeleteOptions",
      'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    ),
  ],
  [remove("gracePeriodSeconds=x"), 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
  [get("limit=x"), 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
  [
    get("resourceVersion=abc"),
    500,
    'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
  ],
  [
    get(`${match}=Exact`),
    422,
    invalid(
      "ListOptions",
      forbidden(match, `${match} is forbidden unless resourceVersion is provided`),
    ),
  ],
  [
    get("sendInitialEvents=true"),
    422,
    invalid(
      "ListOptions",
      forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"),
    ),
  ],
  [
    get("watch=true&sendInitialEvents=true"),
    422,
    invalid(
      "ListOptions",
      forbidden(match, `sendInitialEvents requires setting ${match} to NotOlderThan`),
    ),
  ],
  [
    get(`${match}=Exact&resourceVersion=1`),
    410,
    "The resourceVersion for the provided list is too old.",
  ],
])("%j is refused", async (question, code, message) => {
  const answer = await server.ask(question);
  expect(JSON.parse(answer.body)).toMatchObject({ message, code });
  expect(answer.code).toBe(code);
  const kept = JSON.parse((await server.ask({ path })).body) as { items: { metadata: object }[] };
  expect(kept.items.map(({ metadata }) => metadata)).toMatchObject([{ name: "c" }]);
});

test("a version to come is told from the present one, and an exact one is kept", async () => {
  const list = async (query: string): Promise<{ metadata: { resourceVersion: string } }> =>
    JSON.parse((await server.ask(get(query))).body) as { metadata: { resourceVersion: string } };
  const { resourceVersion } = (await list("")).metadata;
  expect(await list("resourceVersion=999999")).toMatchObject({
    code: 504,
    reason: "Timeout",
    message: `Timeout: Too large resource version: 999999, current: ${resourceVersion}`,
    details: { causes: [{ reason: "ResourceVersionTooLarge" }], retryAfterSeconds: 1 },
  });
  const secrets = path.replace("configmaps", "secrets");
  await server.ask({ method: "POST", path: secrets, body: { metadata: { name: "s" } } });
  const exact = await list(`${match}=Exact&resourceVersion=${resourceVersion}`);
  expect(exact.metadata).toEqual({ resourceVersion });
});
