import { expect, test } from "vitest";
import { serviceVariables } from "./service-variables.ts";
import { expandVariables } from "./variable-expansion.ts";
import { parseQuantity } from "../quantity.ts";

test.each([
  ["$(A)-$(B)", "1-$(B)"],
  ["$$(A) $$$(A)", "$(A) $1"],
  ["$A ${A} $( A)", "$A ${A} $( A)"],
])("expands %s to %s", (text, expanded) => {
  expect(expandVariables(text, (name) => ({ A: "1" })[name])).toBe(expanded);
});

test("names Services of the pod's namespace and the API server, but no headless ones", () => {
  const service = (namespace: string, name: string, clusterIP: string) => ({
    metadata: { namespace, name },
    spec: { clusterIP, ports: [{ name: "http", port: 80, protocol: "TCP" }] },
  });
  const all = [
    service("default", "kubernetes", "10.96.0.1"),
    service("default", "other", "10.96.0.2"),
    service("shop", "my-web", "10.96.0.3"),
    service("shop", "headless", "None"),
  ];
  const variables = serviceVariables(all, "shop", true);
  expect(variables).toMatchObject({
    KUBERNETES_SERVICE_HOST: "10.96.0.1",
    MY_WEB_SERVICE_HOST: "10.96.0.3",
    MY_WEB_SERVICE_PORT: "80",
    MY_WEB_SERVICE_PORT_HTTP: "80",
    MY_WEB_PORT: "tcp://10.96.0.3:80",
    MY_WEB_PORT_80_TCP_ADDR: "10.96.0.3",
  });
  expect(Object.keys(variables).filter((name) => /OTHER|HEADLESS/.test(name))).toEqual([]);
  expect(
    Object.keys(serviceVariables(all, "shop", false)).every((name) =>
      name.startsWith("KUBERNETES_"),
    ),
  ).toBe(true);
});

test.each([
  ["64Mi", 67_108_864],
  ["250m", 0.25],
  ["1e3", 1000],
  ["2", 2],
  ["1.5G", 1.5e9],
])("reads %s", (text, value) => {
  expect(parseQuantity(text)).toBeCloseTo(value);
});
