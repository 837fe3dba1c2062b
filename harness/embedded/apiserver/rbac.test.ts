import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpAnswer, ServerUnderTest } from "./golden.fixture.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const inDefault = "/api/v1/namespaces/default";

let server: ServerUnderTest;
beforeAll(async () => {
  server = await ServerUnderTest.start();
  for (const role of ["view", "edit", "admin"]) await bind(role, `${role}er`);
});
afterAll(() => server[Symbol.asyncDispose]());

function as(user: string, method: string, path: string, body?: object): Promise<HttpAnswer> {
  return server.ask({ method, path, body, headers: { "impersonate-user": user } });
}

async function bind(clusterRole: string, user: string): Promise<void> {
  const body = {
    metadata: { name: user },
    roleRef: { kind: "ClusterRole", name: clusterRole },
    subjects: [{ kind: "User", name: user }],
  };
  const path = `${rbac}/namespaces/default/rolebindings`;
  expect((await server.ask({ method: "POST", path, body })).code).toBe(201);
}

describe("the default cluster roles, bound in a namespace", () => {
  const configMap = { metadata: { name: "c" } };
  const role = { metadata: { name: "r" }, rules: [] };
  const roles = `${rbac}/namespaces/default/roles`;
  test.each([
    ["viewer", "GET", `${inDefault}/pods`, 200],
    ["viewer", "GET", "/apis/apps/v1/namespaces/default/deployments", 200],
    ["viewer", "GET", `${inDefault}/secrets`, 403],
    ["viewer", "GET", roles, 403],
    ["viewer", "GET", "/api/v1/namespaces/kube-system/pods", 403],
    ["viewer", "GET", "/api/v1/nodes", 403],
    ["viewer", "POST", `${inDefault}/configmaps?dryRun=All`, 403, configMap],
    ["editer", "GET", `${inDefault}/secrets`, 200],
    ["editer", "POST", `${inDefault}/configmaps?dryRun=All`, 201, configMap],
    ["editer", "GET", roles, 403],
    ["adminer", "GET", roles, 200],
    ["adminer", "POST", `${roles}?dryRun=All`, 201, role],
    ["adminer", "GET", `${rbac}/clusterroles`, 403],
  ] as const)("%s: %s %s is %i", async (user, method, path, code, body?: object) => {
    expect((await as(user, method, path, body)).code).toBe(code);
  });
});
