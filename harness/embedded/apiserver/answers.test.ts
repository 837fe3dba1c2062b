import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goldenAnswer, type HttpQuestion, normalised, ServerUnderTest } from "./golden.fixture.ts";

const inDefault = "/api/v1/namespaces/default";
const configMaps = `${inDefault}/configmaps`;
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const template = {
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "c", image: "i" }] },
};

const post = (path: string, body: unknown): HttpQuestion => ({ method: "POST", path, body });
const configMap = (name: string, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  ...more,
});
const deployment = (name: string, spec: object): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec,
});

const selector = { matchLabels: { a: "b" } };
const questions: Readonly<Record<string, HttpQuestion>> = {
  "201-unknown-field-warn": post(configMaps, configMap("u", { bogus: 1 })),
  "400-bad-json": post(configMaps, '{"kind":'),
  "400-unknown-field-strict": post(
    `${configMaps}?fieldValidation=Strict`,
    configMap("v", { bogus: 1 }),
  ),
  "401-or-403-anonymous": { path: "/api/v1/namespaces", anonymous: true },
  "404-namespace": { path: "/api/v1/namespaces/nope" },
  "404-path": { path: "/nope" },
  "404-pod": { path: `${inDefault}/pods/nope` },
  "409-conflict": {
    method: "PUT",
    path: `${configMaps}/u`,
    body: configMap("u", { metadata: { name: "u", resourceVersion: "1" } }),
  },
  "409-exists": post("/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "default" },
  }),
  "410-watch-too-old": { path: `${configMaps}?watch=1&resourceVersion=1` },
  "422-deployment-empty": post(deployments, deployment("x", {})),
  "422-deployment-selector": post(
    deployments,
    deployment("x", { selector, template: { ...template, metadata: { labels: { a: "c" } } } }),
  ),
  "422-name": post(configMaps, configMap("Bad_Name")),
  "422-selector-immutable": {
    method: "PATCH",
    path: `${deployments}/web`,
    type: "application/merge-patch+json",
    body: { spec: { selector: { matchLabels: { app: "other" } } } },
  },
  "422-service-port": post(`${inDefault}/services`, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s" },
    spec: { ports: [{ port: 99_999 }] },
  }),
  "200-delete": { method: "DELETE", path: `${configMaps}/u` },
};

describe("answers literally as a recorded Kubernetes", () => {
  let server: ServerUnderTest;
  beforeAll(async () => {
    server = await ServerUnderTest.start();
    const spec = { selector: { matchLabels: { app: "web" } }, template };
    await server.ask(post(deployments, deployment("web", spec)));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each(Object.entries(questions))("%s", async (name, question) => {
    const expected = goldenAnswer(name);
    const answer = await server.ask(question);
    expect(answer.code).toBe(expected.code);
    expect(normalised(answer.body)).toEqual(normalised(expected.body));
    const { warning, "content-type": type } = answer.headers;
    expect(warning).toBe(expected.headers.warning);
    expect(type).toBe(expected.headers["content-type"]);
  });

  test("200-ssa-force", async () => {
    const cfg = `${configMaps}/cfg`;
    const manager = "fieldManager=kubectl-client-side-apply";
    const golden = JSON.parse(goldenAnswer("200-ssa-force").body) as { metadata: object };
    const { annotations } = golden.metadata as { annotations: Record<string, string> };
    const data = { APP: "name: one\n", PG_URL: "postgres://one" };
    await server.ask(
      post(
        `${configMaps}?${manager}`,
        configMap("cfg", { metadata: { name: "cfg", annotations }, data }),
      ),
    );
    const applied: HttpQuestion = {
      method: "PATCH",
      path: `${cfg}?fieldManager=other&force=true`,
      type: "application/apply-patch+yaml",
      body: configMap("cfg", { data: { PG_URL: "mine" } }),
    };
    const refused = await server.ask({ ...applied, path: `${cfg}?fieldManager=other` });
    expect(JSON.parse(refused.body)).toMatchObject({
      code: 409,
      message:
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.PG_URL',
    });
    const answer = await server.ask(applied);
    const expected = goldenAnswer("200-ssa-force").body.replaceAll("g-config", "default");
    const kept = answer.body.replaceAll("g-config", "default");
    expect(normalised(kept)).toEqual(normalised(expected));
  });

  test("a bearer token that is not ours is 401", async () => {
    const headers = { authorization: "Bearer nonsense" };
    const answer = await server.ask({ path: "/api/v1/pods", anonymous: true, headers });
    expect(answer.code).toBe(401);
    expect(JSON.parse(answer.body)).toMatchObject({
      message: "Unauthorized",
      reason: "Unauthorized",
    });
  });
});
