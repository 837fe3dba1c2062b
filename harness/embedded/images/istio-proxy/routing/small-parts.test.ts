import { expect, test } from "vitest";
import { policyFor, rulesFor } from "./destination-rule.ts";
import { parseDurationMs } from "./duration.ts";
import { createLoadBalancer } from "./load-balancer.ts";
import { compilePathRewrite, compileRedirect } from "./path-rewrite.ts";
import { portProtocol } from "./port-protocol.ts";
import { compileRetries, retriesFailure, retriesStatus } from "./retry-policy.ts";
import { falls } from "./route.ts";
import { endpoint, get, service, snapshot } from "./snapshot.fixture.ts";

test("reads durations and refuses what is none", () => {
  expect(["5s", "0.5s", "1h1m", "100ms"].map(parseDurationMs)).toEqual([5000, 500, 3_660_000, 100]);
  expect(["5", "s", "-1s", "5 s", ""].map(parseDurationMs)).toEqual(Array(5).fill(undefined));
});

test("rewrites the prefix that matched, or the whole path, and keeps the query", () => {
  const byPrefix = compilePathRewrite({ uri: "/new/" }, { uri: { prefix: "/old/" } });
  expect(byPrefix?.("/old/a?b=c")).toBe("/new/a?b=c");
  const exact = compilePathRewrite({ uri: "/new/path" }, { uri: { exact: "/foo" } });
  expect(exact?.("/foo?key=value")).toBe("/new/path?key=value");
  const regex = { match: "/v(\\d)/(.*)", rewrite: "/\\2/v\\1" };
  expect(compilePathRewrite({ uriRegexRewrite: regex }, undefined)?.("/v1/x")).toBe("/x/v1");
});

test("redirects to what it names and leaves the rest as it was asked for", () => {
  const request = get("/a?b", {}, "host.io:8080");
  expect(compileRedirect({ uri: "/new" })(request)).toBe("http://host.io:8080/new?b");
  expect(compileRedirect({ authority: "other.io" })(request)).toBe("http://other.io/a?b");
  expect(compileRedirect({ scheme: "https" })(request)).toBe("https://host.io/a?b");
  expect(compileRedirect({ port: 80 })(request)).toBe("http://host.io/a?b");
});

test("tells a port's protocol by appProtocol, then name, then number", () => {
  const names = ["http", "http-web", "grpc", "grpc-x", "grpc-web-x", "tcp-x", "redis", "web", ""];
  expect(names.map((name) => portProtocol({ name, port: 1 }))).toEqual([
    "http",
    "http",
    "http2",
    "http2",
    "http",
    "tcp",
    "tcp",
    "sniff",
    "sniff",
  ]);
  expect(portProtocol({ name: "tcp", appProtocol: "kubernetes.io/h2c", port: 1 })).toBe("http2");
  expect(portProtocol({ name: "db", port: 3306 })).toBe("tcp");
});

test("retries a refused connection by default, and no 503 from the app", () => {
  const policy = compileRetries(undefined);
  expect(policy.attempts).toBe(2);
  expect(retriesFailure(policy, "connect-failure")).toBe(true);
  expect(retriesFailure(policy, "reset")).toBe(false);
  expect(retriesStatus(policy, 503, undefined)).toBe(false);
  expect(retriesStatus(policy, 200, "14")).toBe(true);
});

test("retries what retryOn names, and never an overflow", () => {
  const policy = compileRetries({ attempts: 3, retryOn: "5xx,409" });
  expect([500, 503, 409, 404].map((status) => retriesStatus(policy, status, undefined))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(retriesFailure(policy, "reset")).toBe(true);
  expect(retriesFailure(policy, "overflow")).toBe(false);
});

test("draws shares in ten-thousandths of a percent", () => {
  expect(falls(10, () => 0.0999999)).toBe(true);
  expect(falls(10, () => 0.1)).toBe(false);
  expect(falls(0, () => 0)).toBe(false);
  expect(falls(100, () => 0.9999999)).toBe(true);
});

const endpoints = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((address) => endpoint(address));

test("prefers of two endpoints the one with fewer requests under way", () => {
  const draws = [0, 0.5];
  const chosen = createLoadBalancer(undefined)(endpoints, {
    request: undefined,
    sourceIp: undefined,
    random: () => draws.shift() ?? 0,
    active: (one) => (one.address === "10.0.0.1" ? 5 : 1),
  });
  expect(chosen.address).toBe("10.0.0.2");
});

test("takes turns for ROUND_ROBIN", () => {
  const balance = createLoadBalancer({ simple: "ROUND_ROBIN" });
  const context = { request: undefined, sourceIp: undefined, random: () => 0, active: () => 0 };
  const chosen = [1, 2, 3, 4, 5, 6].map(() => balance(endpoints, context).address);
  expect(new Set(chosen.slice(0, 3)).size).toBe(3);
  expect(chosen.slice(3)).toEqual(chosen.slice(0, 3));
});

test("keeps a key on one endpoint, and moves only the keys of one that left", () => {
  const balance = createLoadBalancer({ consistentHash: { httpHeaderName: "X-User" } });
  const pick = (user: string, from = endpoints): string =>
    balance(from, {
      request: get("/", { "x-user": user }),
      sourceIp: undefined,
      random: () => 0,
      active: () => 0,
    }).address;
  const users = Array.from({ length: 60 }, (_, i) => `user-${i}`);
  const before = users.map((user) => pick(user));
  expect(new Set(before).size).toBe(3);
  const stayed = users.filter((_user, i) => before[i] !== "10.0.0.1");
  const after = stayed.map((user) => pick(user, endpoints.slice(1)));
  expect(after).toEqual(before.filter((address) => address !== "10.0.0.1"));
});

test("lets a subset's block replace the host's, and a port's settings the whole policy", () => {
  const rule = {
    metadata: { name: "logic", namespace: "lab" },
    spec: {
      host: "logic",
      trafficPolicy: {
        loadBalancer: { simple: "RANDOM" as const },
        tls: { mode: "DISABLE" as const },
        portLevelSettings: [{ port: { number: 9 }, tls: { mode: "SIMPLE" as const } }],
      },
      subsets: [
        { name: "v1", trafficPolicy: { loadBalancer: { simple: "ROUND_ROBIN" as const } } },
      ],
    },
  };
  const mesh = snapshot({ services: [service("logic")], destinationRules: [rule] });
  const rules = rulesFor(mesh, "lab", "logic.lab.svc.cluster.local");
  expect(policyFor(rules, rules?.subsets.get("v1"), 8080)).toEqual({
    loadBalancer: { simple: "ROUND_ROBIN" },
    tls: { mode: "DISABLE" },
  });
  expect(policyFor(rules, undefined, 9)).toEqual({ tls: { mode: "SIMPLE" } });
});
