import { expect, test } from "vitest";
import type { KubeObject } from "../kube/object.ts";
import { isTrafficRule, ruleFor, withMarker } from "./rule-marker.ts";

const rule: KubeObject = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "logic" },
  spec: {
    hosts: ["logic"],
    http: [
      { redirect: { uri: "/b" } },
      {
        route: [],
        headers: { response: { set: { a: "b" }, remove: ["c"] }, request: { set: { d: "e" } } },
      },
    ],
  },
};

test("a VirtualService signs the answers it routes and keeps its own header rules", () => {
  const { object, rule: applied } = withMarker(rule, "run-1");
  const http = object.spec?.["http"] as object[];
  expect(http[0]).toEqual({ redirect: { uri: "/b" } });
  expect(http[1]).toMatchObject({
    headers: {
      response: { set: { a: "b", "x-kubelab-rule": "run-1" }, remove: ["c"] },
      request: { set: { d: "e" } },
    },
  });
  expect(applied).toEqual({ object: "VirtualService/logic", hosts: ["logic"], marker: "run-1" });
});

test("an HTTPRoute signs its answers by a filter, once a rule", () => {
  const filter = (value: string) => ({
    type: "ResponseHeaderModifier",
    responseHeaderModifier: { set: [{ name: "x-kubelab-rule", value }] },
  });
  const route: KubeObject = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "web" },
    spec: { hostnames: ["a.io"], rules: [{ backendRefs: [] }, { filters: [filter("own")] }] },
  };
  const { object, rule: applied } = withMarker(route, "run-1");
  expect(object.spec?.["rules"]).toEqual([
    { backendRefs: [], filters: [filter("run-1")] },
    { filters: [filter("own")] },
  ]);
  expect(applied).toEqual({ object: "HTTPRoute/web", hosts: ["a.io"], marker: "run-1" });
});

test("a rule without a field for it stays as it is and has no marker", () => {
  const subsets = { ...rule, kind: "DestinationRule" };
  expect(withMarker(subsets, "run-1")).toEqual({ object: subsets });
});

test.each([
  ["logic", true],
  ["logic.shop.svc.cluster.local", true],
  ["logical", false],
  ["access", false],
])("the rule for the Service logic governs %s: %s", (host, governs) => {
  const rules = [{ object: "VirtualService/logic", hosts: ["logic"], marker: "m" }];
  expect(ruleFor(host, rules) !== undefined).toBe(governs);
});

test("a host with dots governs that host and its wildcard only", () => {
  const rules = [{ object: "a", hosts: ["www.service1.io", "*.shop.io"], marker: "m" }];
  expect(ruleFor("www.service1.io", rules)).toBeDefined();
  expect(ruleFor("www.service2.io", rules)).toBeUndefined();
  expect(ruleFor("a.shop.io", rules)).toBeDefined();
});

test("traffic rules are told from workloads and Services", () => {
  expect(isTrafficRule(rule)).toBe(true);
  expect(isTrafficRule({ apiVersion: "networking.k8s.io/v1", kind: "Ingress" })).toBe(true);
  expect(isTrafficRule({ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" })).toBe(
    true,
  );
  expect(isTrafficRule({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" })).toBe(false);
  expect(isTrafficRule({ apiVersion: "v1", kind: "Service" })).toBe(false);
});
