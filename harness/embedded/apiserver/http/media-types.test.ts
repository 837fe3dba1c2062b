import { parse as parseYaml } from "yaml";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpAnswer, ServerUnderTest } from "../golden.fixture.ts";

let server: ServerUnderTest;
beforeAll(async () => {
  server = await ServerUnderTest.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const get = (path: string, accept = "*/*"): Promise<HttpAnswer> =>
  server.ask({ path, headers: { accept } });
const namespace = "/api/v1/namespaces/default";

test.each([namespace, "/api/v1/namespaces", "/apis/apps/v1", "/api/v1/namespaces/nope"])(
  "%s reads the same in YAML",
  async (path) => {
    const [json, yaml] = [await get(path), await get(path, "application/yaml")];
    expect(yaml.code).toBe(json.code);
    expect(yaml.headers["content-type"]).toBe("application/yaml");
    expect(parseYaml(yaml.body)).toEqual(JSON.parse(json.body));
    expect(yaml.body.startsWith("{")).toBe(false);
  },
);

test("the first type of the header that is written here is taken", async () => {
  const accept = "application/vnd.kubernetes.protobuf, application/json, application/yaml";
  expect((await get(namespace, accept)).headers["content-type"]).toBe("application/json");
  const table = "application/yaml;as=Table;v=v1;g=meta.k8s.io";
  expect((await get(namespace, table)).body).toContain("kind: Table\n");
});

test.each([
  [namespace, "text/html", "application/json, application/yaml"],
  ["/api/v1/namespaces?watch=1", "application/yaml", "application/json;stream=watch"],
])("%s as %s is not acceptable", async (path, accept, types) => {
  const { code, body } = await get(path, accept);
  expect(code).toBe(406);
  expect(parseYaml(body)).toMatchObject({
    message: `only the following media types are accepted: ${types}`,
    reason: "NotAcceptable",
  });
});

test("the root lists the paths that there are", async () => {
  const { paths } = JSON.parse((await get("/")).body) as { paths: string[] };
  expect(paths).toContain("/apis/apps/v1");
  expect(paths).toEqual(paths.toSorted());
  // OpenAPI v2 is given to those alone who ask for its one form.
  for (const path of paths.filter((one) => one !== "/openapi/v2")) {
    expect((await get(path)).code).toBe(200);
  }
});

test.each(["healthz", "livez", "readyz"])("/%s tells its checks when asked", async (check) => {
  expect((await get(`/${check}`)).body).toBe("ok");
  expect((await get(`/${check}?verbose`)).body).toBe(`[+]ping ok\n${check} check passed\n`);
  expect((await get(`/${check}/ping`)).body).toBe("ok");
  expect((await get(`/${check}/nope`)).code).toBe(404);
});
