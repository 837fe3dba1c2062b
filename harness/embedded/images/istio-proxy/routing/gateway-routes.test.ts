import { expect, test } from "vitest";
import { buildGatewayRoutes, serversOf } from "./gateway-routes.ts";
import type { Gateway } from "./istio-types.ts";
import { findRoute } from "./route.ts";
import { get, service, snapshot, virtualService } from "./snapshot.fixture.ts";

const proxy = { namespace: "istio-system", labels: { istio: "ingressgateway" } };

function gateway(hosts: readonly string[], tls?: { httpsRedirect: boolean }): Gateway {
  return {
    metadata: { name: "edge", namespace: "lab" },
    spec: {
      selector: { istio: "ingressgateway" },
      servers: [
        { port: { number: 80, name: "http", protocol: "HTTP" }, hosts, ...(tls ? { tls } : {}) },
      ],
    },
  };
}

function tableFor(hosts: readonly string[], virtualHosts: readonly string[]) {
  const mesh = snapshot({
    services: [service("logic")],
    gateways: [gateway(hosts)],
    virtualServices: [
      virtualService({
        hosts: virtualHosts,
        gateways: ["edge"],
        http: [{ route: [{ destination: { host: "logic" } }] }],
      }),
    ],
  });
  return buildGatewayRoutes(mesh, proxy, serversOf(mesh, proxy), 80);
}

test("serves a VirtualService's host and no other", () => {
  const table = tableFor(["*"], ["www.service1.io"]);
  expect(findRoute(table.find("www.service1.io")?.routes ?? [], get("/"))).toBeDefined();
  expect(table.find("www.service1.io:41234")).toBeDefined();
  expect(table.find("other.io")).toBeUndefined();
});

test("serves only the hosts that its server names", () => {
  expect(tableFor(["www.service1.io"], ["*"]).find("www.service1.io")).toBeDefined();
  expect(tableFor(["www.service1.io"], ["*"]).find("other.io")).toBeUndefined();
  expect(tableFor(["*.example.com"], ["dev.example.com"]).find("dev.example.com")).toBeDefined();
  expect(tableFor(["*.example.com"], ["example.com"]).find("example.com")).toBeUndefined();
});

test("takes VirtualServices only of the namespace that a server's host names", () => {
  expect(tableFor(["lab/*"], ["a.io"]).find("a.io")).toBeDefined();
  expect(tableFor(["./*"], ["a.io"]).find("a.io")).toBeDefined();
  expect(tableFor(["other/*"], ["a.io"]).find("a.io")).toBeUndefined();
});

test("leaves a Gateway alone whose selector means another proxy", () => {
  const mesh = snapshot({ gateways: [gateway(["*"])] });
  expect(serversOf(mesh, { namespace: "a", labels: { istio: "egressgateway" } })).toEqual([]);
});

test("joins VirtualServices of one host, and puts what takes everything last", () => {
  const mesh = snapshot({
    gateways: [gateway(["*"])],
    virtualServices: [
      virtualService({
        hosts: ["a.io"],
        gateways: ["edge"],
        http: [{ name: "all", route: [{ destination: { host: "logic" } }] }],
      }),
      virtualService(
        {
          hosts: ["a.io"],
          gateways: ["lab/edge"],
          http: [
            {
              name: "one",
              match: [{ uri: { exact: "/one" } }],
              route: [{ destination: { host: "logic" } }],
            },
          ],
        },
        "second",
      ),
    ],
  });
  const table = buildGatewayRoutes(mesh, proxy, serversOf(mesh, proxy), 80);
  expect(table.find("a.io")?.routes.map((route) => route.name)).toEqual(["one", "all"]);
});

test("asks for TLS where the server redirects, even without a VirtualService", () => {
  const mesh = snapshot({ gateways: [gateway(["a.io"], { httpsRedirect: true })] });
  const table = buildGatewayRoutes(mesh, proxy, serversOf(mesh, proxy), 80);
  expect(table.find("a.io")?.requireTls).toBe(true);
});
