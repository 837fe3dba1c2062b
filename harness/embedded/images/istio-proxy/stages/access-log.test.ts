import { expect, test } from "vitest";
import { createFacts, type Exchange } from "../../data-plane/exchange.ts";
import { AccessLog, formatAccessLog, formatFlags } from "./access-log.ts";

const startedAtMs = Date.parse("2026-11-20T10:00:00.123Z");

function exchange(): Exchange {
  return {
    method: "GET",
    path: "/new",
    scheme: "http",
    authority: "logic:8080",
    headers: { "user-agent": "curl/8.16.0", "x-request-id": "id-1" },
    httpVersion: "1.1",
    body: undefined,
    trailers: () => undefined,
    upgrade: undefined,
    downstream: {
      remoteAddress: "10.244.0.4",
      remotePort: 40_000,
      localAddress: "10.96.0.5",
      localPort: 8080,
    },
    facts: createFacts("/old?a=b", startedAtMs),
    signal: new AbortController().signal,
  };
}

test("prints a forwarded request in Istio's order of fields", () => {
  const one = exchange();
  Object.assign(one.facts, {
    details: "via_upstream",
    routeName: "v1",
    cluster: "outbound|8080|v1|logic.lab.svc.cluster.local",
    upstreamHost: "10.244.0.6:8080",
    upstreamLocalAddress: "10.244.0.4:50000",
    upstreamServiceTimeMs: 3,
    bytesSent: 12,
  });
  const reply = { status: 200, headers: {}, body: undefined };
  expect(formatAccessLog(one, reply, startedAtMs + 5)).toBe(
    '[2026-11-20T10:00:00.123Z] "GET /old?a=b HTTP/1.1" 200 - via_upstream - "-" 0 12 5 3 "-" "curl/8.16.0" "id-1" "logic:8080" "10.244.0.6:8080" outbound|8080|v1|logic.lab.svc.cluster.local 10.244.0.4:50000 10.96.0.5:8080 10.244.0.4:40000 - v1',
  );
});

test("prints what is not known as a dash, and the flags of a request without a route", () => {
  const one = exchange();
  one.facts.flags.add("NR");
  one.facts.details = "route_not_found";
  const line = formatAccessLog(one, { status: 404, headers: {}, body: undefined }, startedAtMs);
  expect(line).toContain('" 404 NR route_not_found - "-" 0 0 0 - "-"');
  expect(line).toMatch(/"-" - - 10\.96\.0\.5:8080 10\.244\.0\.4:40000 - -$/);
});

test("joins flags in Envoy's order, whatever order they came in", () => {
  expect(formatFlags(new Set(["URX", "UF"]))).toBe("UF,URX");
  expect(formatFlags(new Set(["FI", "DI"]))).toBe("DI,FI");
});

test("writes collected lines at once, when it is their time or when they are many", () => {
  const written: string[] = [];
  let flush = (): void => {};
  const log = new AccessLog(
    (text) => written.push(text),
    (run) => (flush = run),
  );
  log.add("a");
  log.add("b");
  expect(written).toEqual([]);
  flush();
  expect(written).toEqual(["a\nb\n"]);
  log.add("x".repeat(70_000));
  expect(written).toHaveLength(2);
});
