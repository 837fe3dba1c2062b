import { expect, test } from "vitest";
import { createFacts, type Exchange } from "../data-plane/exchange.ts";
import { RequestMetrics } from "./metrics.ts";
import type { MeshWorkload } from "./routing/model.ts";
import { service, snapshot } from "./routing/snapshot.fixture.ts";

function workload(name: string, version: string): MeshWorkload {
  const labels = { app: name, version };
  return { name: `${name}-${version}`, namespace: "lab", labels, principal: `spiffe://${name}` };
}

function exchange(changes: Partial<Exchange["facts"]>, remoteAddress = "10.244.0.4"): Exchange {
  return {
    method: "GET",
    path: "/",
    scheme: "http",
    authority: "logic:8080",
    headers: {},
    httpVersion: "1.1",
    body: undefined,
    trailers: () => undefined,
    upgrade: undefined,
    downstream: { remoteAddress, remotePort: 1, localAddress: "", localPort: 1, peerIdentity: "s" },
    facts: { ...createFacts("/", 1000), ...changes },
    signal: new AbortController().signal,
  };
}

const mesh = {
  ...snapshot({ services: [service("logic")] }),
  workloads: new Map([
    ["10.244.0.4", workload("access", "v1")],
    ["10.244.0.6", workload("logic", "v2")],
  ]),
};
const ok = { status: 200, headers: {}, body: undefined };

test("counts a request at its source, with the version that answered", () => {
  const metrics = new RequestMetrics(workload("access", "v1"));
  const cluster = "outbound|8080|v2|logic.lab.svc.cluster.local";
  const one = exchange({ cluster, upstreamHost: "10.244.0.6:8080" });
  metrics.record(one, ok, mesh, 1004);
  metrics.record(one, ok, mesh, 1004);
  const [line = ""] = metrics.print().split("\n").slice(1);
  expect(line).toMatch(/ 2$/);
  for (const label of [
    'reporter="source"',
    'source_workload="access-v1"',
    'destination_workload="logic-v2"',
    'destination_version="v2"',
    'destination_service="logic.lab.svc.cluster.local"',
    'destination_service_name="logic"',
    'response_code="200"',
    'connection_security_policy="unknown"',
  ]) {
    expect(line).toContain(label);
  }
  expect(metrics.print()).toContain(',le="5"} 2');
  expect(metrics.print()).toContain(',le="1"} 0');
});

test("counts a request at its destination, with how its connection was secured", () => {
  const metrics = new RequestMetrics(workload("logic", "v2"));
  metrics.record(exchange({ cluster: "inbound|8080||" }), ok, mesh, 1001);
  const text = metrics.print();
  expect(text).toContain('reporter="destination",source_workload="access-v1"');
  expect(text).toContain('destination_service="logic.lab.svc.cluster.local"');
  expect(text).toContain('connection_security_policy="mutual_tls"');
});

test("counts failures with their flags", () => {
  const metrics = new RequestMetrics(workload("access", "v1"));
  const one = exchange({ cluster: "outbound|8080||logic.lab.svc.cluster.local" });
  one.facts.flags.add("UH");
  metrics.record(one, { status: 503, headers: {}, body: undefined }, mesh, 1001);
  expect(metrics.print()).toContain(
    'response_code="503",grpc_response_status="",response_flags="UH"',
  );
});
