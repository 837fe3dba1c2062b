import { expect, test } from "vitest";
import type { PodSandbox } from "../pod-network.ts";
import { ClusterDns } from "./cluster-dns.ts";
import { ServiceTable } from "./service-table.ts";
import { sliceOf } from "./testing/slices.ts";
import { clusterResolver } from "./testing/cluster-resolver.ts";

const table = new ServiceTable();
const add = (name: string, spec: object, namespace = "default") =>
  table.setService({ metadata: { namespace, name }, spec });
add("web", {
  clusterIP: "10.96.0.5",
  ports: [
    { name: "http", port: 80 },
    { name: "admin", port: 81 },
  ],
});
add("api", { clusterIP: "10.96.0.6", ports: [{ port: 80 }] }, "prod");
add("db", { clusterIP: "None", ports: [{ name: "", port: 5432 }] });
add("away", { type: "ExternalName", externalName: "Example.org." });
add("alias", { type: "ExternalName", externalName: "api.prod.svc.cluster.local" });
add("loop", { type: "ExternalName", externalName: "loop.default.svc.cluster.local" });
table.setSlice({
  ...sliceOf("db", 5432, []),
  endpoints: [
    { addresses: ["10.244.0.1"], hostname: "db-0", conditions: { ready: true } },
    { addresses: ["10.244.0.2"], conditions: { ready: true } },
    { addresses: ["10.244.0.3"], hostname: "db-2", conditions: { ready: false } },
  ],
});

const dns = new ClusterDns({ table, isNamespace: (name) => ["default", "prod"].includes(name) });
const pod: PodSandbox = {
  namespace: "default",
  name: "caller",
  uid: "u",
  ip: "10.244.0.9",
  hostname: "caller",
  resolver: clusterResolver("default"),
  hosts: { "My.Alias": "10.1.2.3" },
};
const one = (address: string) => ({ addresses: [address] });
const missing = { failures: [{ code: "ENOTFOUND" }] };

test.each([
  ["web", one("10.96.0.5")],
  ["WEB.Default", one("10.96.0.5")],
  ["web.default.svc", one("10.96.0.5")],
  ["web.default.svc.cluster.local", one("10.96.0.5")],
  ["web.default.svc.cluster.local.", one("10.96.0.5")],
  ["web.", missing],
  ["api", missing],
  ["api.prod", one("10.96.0.6")],
  ["api.prod.svc.cluster.local", one("10.96.0.6")],
  ["nosuch.prod", missing],
  ["nosuch.nowhere.svc.cluster.local", missing],
  ["nosuch.nowhere.svc", missing],
  ["db-0.db", one("10.244.0.1")],
  ["db-2.db", missing],
  ["10-244-0-2.db.default.svc.cluster.local", one("10.244.0.2")],
  ["10-244-0-2.default.pod.cluster.local", one("10.244.0.2")],
  ["10-244-0-2.nowhere.pod.cluster.local", missing],
  ["alias", one("10.96.0.6")],
  ["loop", missing],
  ["away", { outside: "example.org" }],
  ["example.org", { outside: "example.org" }],
  ["www.example.org.", { outside: "www.example.org." }],
  ["caller", one("10.244.0.9")],
  ["my.alias", one("10.1.2.3")],
  ["localhost", one("127.0.0.1")],
  ["10.244.7.7", one("10.244.7.7")],
])("a pod that looks %s up finds what CoreDNS would answer", (name, expected) => {
  expect(dns.lookup(name, pod)).toEqual(expected);
});

test("a headless Service's name is its ready pods, in any order", () => {
  const found = dns.lookup("db", pod);
  expect("addresses" in found && found.addresses.toSorted()).toEqual(["10.244.0.1", "10.244.0.2"]);
  const orders = new Set(Array.from({ length: 60 }, () => JSON.stringify(dns.lookup("db", pod))));
  expect(orders.size).toBe(2);
});

test("a pod with the node's DNS does not know the cluster's names", () => {
  const resolver = { nameservers: ["9.9.9.9"], searches: [], options: [] };
  expect(dns.lookup("web", { ...pod, resolver })).toEqual({ outside: "web" });
});

test("a pod searches the domains that it asks for, and first where a name has fewer dots than ndots", () => {
  const { nameservers, searches } = clusterResolver("default");
  const asking = (ndots: string): PodSandbox => ({
    ...pod,
    resolver: {
      nameservers,
      searches: [...searches, "prod.svc.cluster.local", "corp.example"],
      options: [["ndots", ndots]],
    },
  });
  expect(dns.lookup("api", asking("5"))).toEqual(one("10.96.0.6"));
  expect(dns.lookup("intranet", asking("5"))).toEqual({ outside: "intranet.corp.example" });
  expect(dns.lookup("api.prod", asking("1"))).toEqual(one("10.96.0.6"));
  expect(dns.lookup("api.", asking("5"))).toEqual(missing);
});

test.each([
  ["web", "A", missing],
  ["web.default.svc.cluster.local", "A", one("10.96.0.5")],
  ["web.default.svc.cluster.local", "AAAA", { failures: [{ code: "ENODATA" }] }],
  [
    "_http._tcp.web.default.svc.cluster.local",
    "SRV",
    { records: [{ name: "web.default.svc.cluster.local", port: 80, priority: 0, weight: 100 }] },
  ],
  ["_http._udp.web.default.svc.cluster.local", "SRV", missing],
  ["_nosuch._tcp.web.default.svc.cluster.local", "SRV", missing],
  ["example.org", "MX", { outside: "example.org" }],
])("a query for %s, type %s, has no search domains", (name, type, expected) => {
  expect(dns.query(name, type, pod)).toEqual(expected);
});

test("SRV of a headless Service names each ready pod", () => {
  const found = dns.query("db.default.svc.cluster.local", "SRV", pod);
  expect(
    "records" in found && found.records.map(({ name, port }) => `${name}:${port}`).toSorted(),
  ).toEqual([
    "10-244-0-2.db.default.svc.cluster.local:5432",
    "db-0.db.default.svc.cluster.local:5432",
  ]);
});
