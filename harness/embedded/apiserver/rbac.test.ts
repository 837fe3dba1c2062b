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

describe("a refusal", () => {
  test("names the role that a binding wants and nobody has made", async () => {
    await bind("nobody-made-it", "lost");
    const { code, body } = await as("lost", "GET", `${inDefault}/pods`);
    expect(code).toBe(403);
    expect((JSON.parse(body) as { message: string }).message).toBe(
      'pods is forbidden: User "lost" cannot list resource "pods" in API group "" in the namespace "default": RBAC: clusterrole.rbac.authorization.k8s.io "nobody-made-it" not found',
    );
  });

  test("lets nobody grant by a role what they may not do", async () => {
    const rules = [
      { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "bind"] },
      { apiGroups: [""], resources: ["secrets"], resourceNames: ["one"], verbs: ["get"] },
    ];
    const body = { metadata: { name: "more" }, rules };
    const answer = await as("adminer", "POST", `${rbac}/namespaces/default/roles`, body);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 403,
      message:
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "adminer" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get" "bind"]}\n{APIGroups:[""], Resources:["pods"], Verbs:["bind"]}',
    });
  });

  test("lets nobody bind a role that may do more than they, and lets an admin bind view", async () => {
    const binding = (name: string): object => ({
      metadata: { name: `to-${name}` },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    });
    const path = `${rbac}/namespaces/default/rolebindings`;
    expect((await as("adminer", "POST", path, binding("view"))).code).toBe(201);
    const { code, body } = await as("adminer", "POST", path, binding("cluster-admin"));
    expect(code).toBe(403);
    expect(body).toContain('{APIGroups:[\\"*\\"], Resources:[\\"*\\"], Verbs:[\\"*\\"]}');
  });
});

describe("reviews", () => {
  const ask = async (plural: string, spec: object, prefix = ""): Promise<unknown> => {
    const path = `/apis/authorization.k8s.io/v1/${prefix}${plural}`;
    const { body } = await server.ask({ method: "POST", path, body: { spec } });
    return (JSON.parse(body) as { status: unknown }).status;
  };
  const get = (resource: string): object => ({ verb: "get", resource, namespace: "default" });

  test("say by which binding", async () => {
    const status = await ask("subjectaccessreviews", {
      user: "viewer",
      resourceAttributes: get("pods"),
    });
    expect(status).toEqual({
      allowed: true,
      reason:
        'RBAC: allowed by RoleBinding "viewer/default" of ClusterRole "view" to User "viewer"',
    });
  });

  test("answer for one namespace", async () => {
    const spec = { user: "viewer", resourceAttributes: get("secrets") };
    const status = await ask("localsubjectaccessreviews", spec, "namespaces/default/");
    expect(status).toEqual({ allowed: false });
  });
});

describe("acting as another", () => {
  const whoIs = async (user: string, group?: string): Promise<unknown> => {
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const headers = { "impersonate-user": user, ...(group ? { "impersonate-group": group } : {}) };
    const { body } = await server.ask({ method: "POST", path, body: {}, headers });
    return (JSON.parse(body) as { status?: { userInfo: { groups: unknown } } }).status?.userInfo
      .groups;
  };

  test("a service account is in its groups, unless others are named", async () => {
    const account = "system:serviceaccount:default:default";
    const own = ["system:serviceaccounts", "system:serviceaccounts:default"];
    expect(await whoIs(account)).toEqual([...own, "system:authenticated"]);
    expect(await whoIs(account, "devs")).toEqual(["devs", "system:authenticated"]);
  });

  test("whoever may edit may be a service account of the namespace", async () => {
    const pods = {
      verb: "impersonate",
      resource: "serviceaccounts",
      namespace: "default",
      name: "default",
    };
    const spec = { user: "editer", resourceAttributes: pods };
    const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    const { body } = await server.ask({ method: "POST", path, body: { spec } });
    expect(body).toContain('"allowed": true');
  });
});

describe("roles and bindings are refused", () => {
  const subjects = [
    { kind: "ServiceAccount", name: "a" },
    { kind: "Robot", name: "b" },
  ];
  test.each([
    [
      "roles",
      { rules: [{ resources: ["pods"] }] },
      "[rules[0].verbs: Required value: verbs must contain at least one value, rules[0].apiGroups: Required value: resource rules must supply at least one api group]",
    ],
    [
      "roles",
      { rules: [{ verbs: ["get"], nonResourceURLs: ["/x"] }] },
      'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
    ],
    [
      "rolebindings",
      { roleRef: { kind: "Rolle", name: "" } },
      '[roleRef.kind: Unsupported value: "Rolle": supported values: "Role", "ClusterRole", roleRef.name: Required value]',
    ],
    [
      "rolebindings",
      { roleRef: { kind: "Role", name: "r" }, subjects },
      'subjects[1].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
    ],
  ])("%s with %o", async (plural, fields, why) => {
    const path = `${rbac}/namespaces/default/${plural}`;
    const body = { metadata: { name: "x" }, ...fields };
    const answer = await server.ask({ method: "POST", path, body });
    expect((JSON.parse(answer.body) as { message: string }).message).toContain(why);
  });
});
