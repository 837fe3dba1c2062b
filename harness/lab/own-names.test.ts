import { expect, test } from "vitest";
import type { KubeObject } from "../kube/object.ts";
import { OwnNames } from "./own-names.ts";

const istio = "networking.istio.io/v1";

test("a gateway and its VirtualService get the run's own host names, destinations keep theirs", () => {
  const names = new OwnNames("r1");
  const gateway: KubeObject = {
    apiVersion: istio,
    kind: "Gateway",
    spec: { servers: [{ port: { number: 80 }, hosts: ["./www.service1.io", "*"] }] },
  };
  const rule: KubeObject = {
    apiVersion: istio,
    kind: "VirtualService",
    spec: {
      hosts: ["www.service1.io"],
      gateways: ["istio-gateway"],
      http: [{ route: [{ destination: { host: "web.shop.svc.cluster.local" } }] }],
    },
  };
  expect(names.apply(gateway).spec).toEqual({
    servers: [{ port: { number: 80 }, hosts: ["./www.service1.io.r1", "*"] }],
  });
  expect(names.apply(rule).spec).toEqual({ ...rule.spec, hosts: ["www.service1.io.r1"] });
  expect(names.hostOf("www.service1.io")).toBe("www.service1.io.r1");
  expect(names.hostOf("unknown.io")).toBe("unknown.io");
});

test("an Ingress's rules and certificates follow, its Services do not", () => {
  const names = new OwnNames("r1");
  const ingress: KubeObject = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    spec: {
      tls: [{ hosts: ["a.shop.io"], secretName: "a.b" }],
      rules: [{ host: "*.shop.io", http: { paths: [{ backend: { service: { name: "x.y" } } }] } }],
    },
  };
  expect(names.apply(ingress).spec).toEqual({
    tls: [{ hosts: ["a.shop.io.r1"], secretName: "a.b" }],
    rules: [{ host: "*.shop.io.r1", http: { paths: [{ backend: { service: { name: "x.y" } } }] } }],
  });
  expect(names.hostOf("b.shop.io")).toBe("b.shop.io.r1");
});

test("a rule for the mesh alone names Services and stays as it is", () => {
  const rule: KubeObject = {
    apiVersion: istio,
    kind: "VirtualService",
    spec: { hosts: ["logic", "out.example.com"] },
  };
  expect(new OwnNames("r1").apply(rule)).toBe(rule);
});

test("a Service's node port is the cluster's to choose", () => {
  const service: KubeObject = {
    kind: "Service",
    spec: { type: "NodePort", ports: [{ port: 80, nodePort: 30080, targetPort: 8080 }] },
  };
  expect(new OwnNames("r1").apply(service).spec).toEqual({
    type: "NodePort",
    ports: [{ port: 80, targetPort: 8080 }],
  });
});
