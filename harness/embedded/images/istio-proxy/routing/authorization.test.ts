import { expect, test } from "vitest";
import {
  type AccessAttempt,
  type AuthorizationPolicy,
  judgeAccess,
  policiesFor,
} from "./authorization.ts";
import { mutualTlsMode } from "./peer-authentication.ts";
import { get, snapshot } from "./snapshot.fixture.ts";

type Spec = NonNullable<AuthorizationPolicy["spec"]>;
type Rules = NonNullable<Spec["rules"]>;

const principal = "cluster.local/ns/lab/sa/access";
const none = "rbac_access_denied_matched_policy[none]";

function policy(spec: Spec, name = "p", namespace = "lab"): AuthorizationPolicy {
  return { metadata: { name, namespace }, spec };
}

function attempt(changes: Partial<AccessAttempt> = {}): AccessAttempt {
  const request = get("/info", { "x-token": "t" });
  return { principal, sourceIp: "10.244.0.7", port: 8080, request, ...changes };
}

const rules: readonly (readonly [string, Rules, boolean])[] = [
  ["a rule without conditions", [{}], true],
  ["no rules", [], false],
  ["the principal", [{ from: [{ source: { principals: [principal] } }] }], true],
  ["another principal", [{ from: [{ source: { principals: ["a/b"] } }] }], false],
  ["a principal's suffix", [{ from: [{ source: { principals: ["*/sa/access"] } }] }], true],
  ["the namespace", [{ from: [{ source: { namespaces: ["lab"] } }] }], true],
  ["another namespace", [{ from: [{ source: { notNamespaces: ["lab"] } }] }], false],
  ["the service account", [{ from: [{ source: { serviceAccounts: ["lab/access"] } }] }], true],
  ["the address's block", [{ from: [{ source: { ipBlocks: ["10.244.0.0/16"] } }] }], true],
  ["another block", [{ from: [{ source: { ipBlocks: ["10.245.0.0/16"] } }] }], false],
  ["the method", [{ to: [{ operation: { methods: ["GET"] } }] }], true],
  ["another method", [{ to: [{ operation: { methods: ["POST"] } }] }], false],
  ["the path's prefix", [{ to: [{ operation: { paths: ["/in*"] } }] }], true],
  ["a path that is excepted", [{ to: [{ operation: { notPaths: ["/info"] } }] }], false],
  ["the port", [{ to: [{ operation: { ports: ["8080"] } }] }], true],
  ["a header", [{ when: [{ key: "request.headers[x-token]", values: ["t"] }] }], true],
  [
    "a header's other value",
    [{ when: [{ key: "request.headers[x-token]", values: ["u"] }] }],
    false,
  ],
  [
    "one of several rules",
    [{ to: [{ operation: { methods: ["POST"] } }] }, { to: [{ operation: { methods: ["GET"] } }] }],
    true,
  ],
  [
    "all parts of a rule together only",
    [{ from: [{ source: { namespaces: ["lab"] } }], to: [{ operation: { methods: ["POST"] } }] }],
    false,
  ],
];

for (const [what, list, isAllowed] of rules) {
  test(`${isAllowed ? "allows" : "does not allow"} by ${what}`, () => {
    expect(judgeAccess([policy({ rules: list })], attempt())).toBe(isAllowed ? undefined : none);
  });
}

test("allows everything where no policy allows anything, and nothing by an empty policy", () => {
  expect(judgeAccess([], attempt())).toBeUndefined();
  expect(judgeAccess([policy({})], attempt())).toBe(none);
});

test("lets a denial win over a permission, and names it", () => {
  const deny = policy({ action: "DENY", rules: [{ to: [{ operation: { methods: ["GET"] } }] }] });
  expect(judgeAccess([policy({ rules: [{}] }), deny], attempt())).toBe(
    "rbac_access_denied_matched_policy[ns[lab]-policy[p]-rule[0]]",
  );
});

test("needs mutual TLS for a principal", () => {
  const byPrincipal = policy({ rules: [{ from: [{ source: { principals: ["*"] } }] }] });
  expect(judgeAccess([byPrincipal], attempt())).toBeUndefined();
  expect(judgeAccess([byPrincipal], attempt({ principal: undefined }))).toBe(none);
});

test("never allows plain TCP by HTTP fields, and denies it by them", () => {
  const list: Rules = [{ to: [{ operation: { methods: ["GET"] } }] }];
  const tcp = attempt({ request: undefined });
  expect(judgeAccess([policy({ rules: list })], tcp)).toBe(none);
  expect(judgeAccess([policy({ action: "DENY", rules: list })], tcp)).toContain("policy[p]");
});

test("takes the workload's policies and the mesh's, by selector", () => {
  const own = policy({ selector: { matchLabels: { app: "logic" } } }, "own");
  const other = policy({ selector: { matchLabels: { app: "x" } } }, "other");
  const elsewhere = policy({}, "elsewhere", "away");
  const mesh = policy({}, "mesh", "istio-system");
  const found = policiesFor(snapshot({ authorizationPolicies: [own, other, elsewhere, mesh] }), {
    namespace: "lab",
    labels: { app: "logic" },
  });
  expect(found.map((one) => one.metadata?.name)).toEqual(["own", "mesh"]);
});

test("takes the narrowest scope's mutual TLS mode that says anything", () => {
  const workload = { namespace: "lab", labels: { app: "logic" } };
  const strict = { mtls: { mode: "STRICT" as const } };
  const mesh = { metadata: { name: "m", namespace: "istio-system" }, spec: strict };
  const namespace = {
    metadata: { name: "n", namespace: "lab" },
    spec: { mtls: { mode: "UNSET" as const } },
  };
  const own = {
    metadata: { name: "o", namespace: "lab" },
    spec: {
      selector: { matchLabels: { app: "logic" } },
      mtls: { mode: "PERMISSIVE" as const },
      portLevelMtls: { "9090": { mode: "DISABLE" as const } },
    },
  };
  const modeOf = (peerAuthentications: readonly (typeof mesh)[], port = 8080): string =>
    mutualTlsMode(snapshot({ peerAuthentications }), workload, port);
  expect(modeOf([])).toBe("PERMISSIVE");
  expect(modeOf([mesh, namespace as never])).toBe("STRICT");
  expect(modeOf([mesh, own as never])).toBe("PERMISSIVE");
  expect(modeOf([mesh, own as never], 9090)).toBe("DISABLE");
});
