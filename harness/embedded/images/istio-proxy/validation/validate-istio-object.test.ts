import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { validateIstioObject } from "./validate-istio-object.ts";

const route = [{ destination: { host: "logic" } }];

function problemsOf(kind: string, spec: unknown): readonly string[] {
  return validateIstioObject({ kind, spec }).map(({ field, reason }) => `${field}: ${reason}`);
}

const cases: readonly (readonly [string, string, unknown, string])[] = [
  [
    "a field that is not built",
    "VirtualService",
    { hosts: ["a"], http: [{ route, retries: { retryIgnorePreviousHosts: true } }] },
    "spec.http[0].retries.retryIgnorePreviousHosts: is valid in Istio but not supported",
  ],
  [
    "a field that Istio does not have",
    "VirtualService",
    { hosts: ["a"], http: [{ route, timeOut: "5s" }] },
    "spec.http[0].timeOut: Istio has no such field",
  ],
  [
    "weights that add up to nothing",
    "VirtualService",
    {
      hosts: ["a"],
      http: [{ route: [{ ...route[0], weight: 0 }, { ...route[0] }] }],
    },
    "spec.http[0].route: total destination weight = 0",
  ],
  [
    "a negative weight",
    "VirtualService",
    { hosts: ["a"], http: [{ route: [{ ...route[0], weight: -1 }] }] },
    "spec.http[0].route[0].weight: expected a whole number",
  ],
  [
    "a duration without unit",
    "VirtualService",
    { hosts: ["a"], http: [{ route, timeout: "5" }] },
    "spec.http[0].timeout: expected a duration",
  ],
  [
    "a regex that RE2 does not take",
    "VirtualService",
    { hosts: ["a"], http: [{ route, match: [{ uri: { regex: "/(?!a)" } }] }] },
    "spec.http[0].match[0].uri.regex: RE2 has no such expression",
  ],
  [
    "a rule that does nothing",
    "VirtualService",
    { hosts: ["a"], http: [{ match: [{ uri: { prefix: "/" } }] }] },
    "spec.http[0]: needs route, redirect",
  ],
  [
    "no rules at all",
    "VirtualService",
    { hosts: ["a"] },
    "spec: http, tcp or tls must be provided",
  ],
  [
    "TLS routes",
    "VirtualService",
    { hosts: ["a"], http: [{ route }], tls: [] },
    "spec.tls: is valid",
  ],
  ["a rule without host", "DestinationRule", { subsets: [] }, "spec.host: is required"],
  [
    "a subset that is there twice",
    "DestinationRule",
    { host: "a", subsets: [{ name: "v1" }, { name: "v1" }] },
    "spec.subsets[1].name: the subset v1 is there twice",
  ],
  [
    "locality balancing",
    "DestinationRule",
    { host: "a", trafficPolicy: { loadBalancer: { localityLbSetting: {} } } },
    "spec.trafficPolicy.loadBalancer.localityLbSetting: is valid",
  ],
  [
    "a gateway for plain TCP",
    "Gateway",
    { servers: [{ port: { number: 9000, name: "t", protocol: "TCP" }, hosts: ["*"] }] },
    "spec.servers[0].port.protocol: TCP is valid in Istio",
  ],
  [
    "JWT principals",
    "AuthorizationPolicy",
    { rules: [{ from: [{ source: { requestPrincipals: ["*"] } }] }] },
    "spec.rules[0].from[0].source.requestPrincipals: is valid",
  ],
  [
    "a port's TLS without selector",
    "PeerAuthentication",
    { portLevelMtls: { "8080": { mode: "STRICT" } } },
    "spec.portLevelMtls: needs a selector",
  ],
  ["a kind that is not built", "EnvoyFilter", {}, "kind: EnvoyFilter is valid in Istio"],
];

for (const [what, kind, spec, expected] of cases) {
  test(`refuses ${what} and names the field`, () => {
    expect(problemsOf(kind, spec)).toEqual([expect.stringContaining(expected)]);
  });
}

test("takes everything that the labs apply", () => {
  const labs = fileURLToPath(new URL("../../../../../labs", import.meta.url));
  const files = readdirSync(labs, { recursive: true }).map(String);
  const objects = files
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => parseAllDocuments(readFileSync(join(labs, file), "utf8")))
    .map((document) => document.toJS() as { kind: string; apiVersion?: string })
    .filter((object) => object.apiVersion?.includes("istio.io"));
  expect(objects.length).toBeGreaterThan(3);
  expect(objects.flatMap((object) => validateIstioObject(object))).toEqual([]);
});
