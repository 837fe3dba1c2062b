import { describe, expect, test } from "vitest";
import { SteppedClock } from "../../time/stepped-clock.ts";
import { EndpointChoice } from "./endpoint-choice.ts";
import { ServiceTable, usableEndpoints, type Endpoint, type ServicePort } from "./service-table.ts";
import { sliceOf } from "./testing/slices.ts";

const endpoint = (address: string, conditions: Partial<Endpoint> = {}): Endpoint => ({
  address,
  port: 8080,
  ready: true,
  serving: true,
  terminating: false,
  hostname: undefined,
  ...conditions,
});

const leaving = { ready: false, serving: true, terminating: true };
const gone = { ready: false, serving: false, terminating: true };
const unready = { ready: false, serving: false };

test.each([
  ["the ready ones alone", [endpoint("a"), endpoint("b", leaving), endpoint("c", unready)], ["a"]],
  [
    "those that still serve while they end, where none is ready",
    [endpoint("b", leaving), endpoint("c", unready)],
    ["b"],
  ],
  [
    "none, where the rest neither serves nor is ready",
    [endpoint("c", unready), endpoint("d", gone)],
    [],
  ],
])("new connections go to %s", (_what, all, expected) => {
  expect(usableEndpoints(all).map(({ address }) => address)).toEqual(expected);
});

const tableWith = (...slices: Parameters<ServiceTable["setSlice"]>[0][]) => {
  const table = new ServiceTable();
  table.setService({
    metadata: { namespace: "default", name: "web" },
    spec: {
      type: "NodePort",
      clusterIP: "10.96.0.5",
      ports: [
        { port: 80, nodePort: 30_080 },
        { name: "dns", port: 53, protocol: "UDP" },
      ],
    },
  });
  for (const slice of slices) table.setSlice(slice);
  return table;
};

const addresses = (port: ServicePort | undefined) =>
  port?.endpoints.map(({ address, port: number }) => `${address}:${number}`);

const port = (endpoints: Endpoint[], affinitySeconds?: number): ServicePort => ({
  namespace: "default",
  service: "web",
  name: "",
  port: 80,
  nodePort: undefined,
  endpoints,
  affinitySeconds,
});

describe("the rules that follow from Services and slices", () => {
  test("join the Service's slices, each address once", () => {
    const second = {
      ...sliceOf("web", 8080, ["10.244.0.2", "10.244.0.3"]),
      metadata: {
        namespace: "default",
        name: "web-2",
        labels: { "kubernetes.io/service-name": "web" },
      },
    };
    const routes = tableWith(sliceOf("web", 8080, ["10.244.0.1", "10.244.0.2"]), second).toRoutes();
    expect(addresses(routes.byAddress.get("10.96.0.5:80"))).toEqual([
      "10.244.0.1:8080",
      "10.244.0.2:8080",
      "10.244.0.3:8080",
    ]);
    expect(routes.byNodePort.get(30_080)?.service).toBe("web");
  });

  test("leave UDP ports and headless Services out", () => {
    const table = tableWith();
    table.setService({
      metadata: { namespace: "default", name: "set" },
      spec: { clusterIP: "None", ports: [{ port: 80 }] },
    });
    expect([...table.toRoutes().byAddress.keys()]).toEqual(["10.96.0.5:80"]);
  });

  test("forget a slice and a Service that are deleted", () => {
    const slice = sliceOf("web", 8080, ["10.244.0.1"]);
    const table = tableWith(slice);
    table.deleteSlice(slice);
    expect(addresses(table.toRoutes().byAddress.get("10.96.0.5:80"))).toEqual([]);
    table.deleteService({ metadata: { namespace: "default", name: "web" } });
    expect(table.toRoutes().byAddress.size).toBe(0);
  });

  test("take a named target port from the slice's port of that name", () => {
    const table = tableWith({
      ...sliceOf("web", 1, ["10.244.0.1"]),
      ports: [
        { name: "other", port: 9 },
        { name: "", port: 8081 },
      ],
    });
    expect(addresses(table.toRoutes().byAddress.get("10.96.0.5:80"))).toEqual(["10.244.0.1:8081"]);
  });
});

describe("the choice of an endpoint", () => {
  const three = [endpoint("a"), endpoint("b"), endpoint("c")];

  test("falls on each with the same probability", () => {
    const choice = new EndpointChoice(new SteppedClock(), seeded(20_261_120));
    const counts = new Map<string, number>();
    for (let n = 0; n < 30_000; n++) {
      const { address = "" } = choice.choose(port(three), "10.244.0.9") ?? {};
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    // 5 standard deviations of a binomial count.
    const bound = 5 * Math.sqrt(30_000 * (1 / 3) * (2 / 3));
    for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(bound);
    expect(counts.size).toBe(3);
  });

  test("is none where there are no endpoints", () => {
    expect(new EndpointChoice(new SteppedClock()).choose(port([]), "x")).toBeUndefined();
  });

  test("stays the same for a client with affinity, until it has been quiet for the timeout", async () => {
    const clock = new SteppedClock();
    const random = [0, 0.5, 0.9, 0.5];
    const choice = new EndpointChoice(clock, () => random.shift() ?? 0);
    const choose = (client: string) => choice.choose(port(three, 10), client)?.address;
    expect(choose("one")).toBe("a");
    await clock.advance(9_000);
    expect(choose("one")).toBe("a");
    await clock.advance(9_000);
    expect(choose("one")).toBe("a");
    await clock.advance(10_001);
    expect(choose("one")).toBe("b");
  });

  test("is another one for a client with affinity whose endpoint has gone", () => {
    const choice = new EndpointChoice(new SteppedClock(), () => 0);
    expect(choice.choose(port(three, 10), "one")?.address).toBe("a");
    expect(choice.choose(port(three.slice(1), 10), "one")?.address).toBe("b");
    expect(choice.choose(port(three.slice(1), 10), "two")?.address).toBe("b");
  });
});

/** mulberry32: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
