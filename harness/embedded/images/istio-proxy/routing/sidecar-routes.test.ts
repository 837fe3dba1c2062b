import { expect, test } from "vitest";
import { resolveCluster } from "./cluster.ts";
import type { HttpRule } from "./istio-types.ts";
import { drawDestination, findRoute, type ForwardAction } from "./route.ts";
import { buildSidecarRoutes } from "./sidecar-routes.ts";
import { endpoint, get, service, snapshot, virtualService } from "./snapshot.fixture.ts";

const proxy = { namespace: "lab", labels: { app: "access" } };
const subsets = {
  metadata: { name: "logic", namespace: "lab" },
  spec: {
    host: "logic",
    subsets: [
      { name: "v1", labels: { version: "v1" } },
      { name: "v2", labels: { version: "v2" } },
    ],
  },
};
const logic = service("logic", [endpoint("10.244.0.1", "v1"), endpoint("10.244.0.2", "v2")]);

function to(subset: string): HttpRule["route"] {
  return [{ destination: { host: "logic", subset } }];
}

function routesFor(http: readonly HttpRule[], from = proxy) {
  const mesh = snapshot({
    services: [logic],
    virtualServices: [virtualService({ hosts: ["logic"], http })],
    destinationRules: [subsets],
  });
  return { mesh, table: buildSidecarRoutes(mesh, from, 8080) };
}

function subsetFor(http: readonly HttpRule[], request = get("/")): string | undefined {
  const { table } = routesFor(http);
  const route = findRoute(table.find(request.authority)?.routes ?? [], request);
  return (route?.action as ForwardAction | undefined)?.destinations[0]?.subset;
}

test("finds a Service under every name it has in the client's namespace", () => {
  const table = buildSidecarRoutes(snapshot({ services: [logic] }), proxy, 8080);
  const names = ["logic", "LOGIC:8080", "logic.lab", "logic.lab.svc", "10.96.0.5:1234"];
  for (const name of [...names, "logic.lab.svc.cluster.local", "logic.lab.svc.cluster.local."]) {
    expect(table.find(name)?.name).toBe("logic.lab.svc.cluster.local:8080");
  }
  expect(table.find("other")).toBeUndefined();
});

test("does not find a Service by its bare name from another namespace", () => {
  const other = { namespace: "other", labels: {} };
  const table = buildSidecarRoutes(snapshot({ services: [logic] }), other, 8080);
  expect(table.find("logic")).toBeUndefined();
  expect(table.find("logic.lab")).toBeDefined();
});

test("takes the first rule that matches, and any of a rule's matches", () => {
  const rules: HttpRule[] = [
    {
      match: [{ headers: { version: { exact: "200" } } }, { uri: { prefix: "/new" } }],
      route: to("v2"),
    },
    { route: to("v1") },
  ];
  expect(subsetFor(rules, get("/", { version: "200" }))).toBe("v2");
  expect(subsetFor(rules, get("/new"))).toBe("v2");
  expect(subsetFor(rules, get("/"))).toBe("v1");
  expect(subsetFor(rules, get("/", { version: "100" }))).toBe("v1");
});

test("reaches nothing behind a rule that takes everything", () => {
  const rules: HttpRule[] = [
    { route: to("v1") },
    { match: [{ headers: { version: { exact: "200" } } }], route: to("v2") },
  ];
  expect(subsetFor(rules, get("/", { version: "200" }))).toBe("v1");
  expect(routesFor(rules).table.find("logic")?.routes).toHaveLength(1);
});

test("finds no route where no rule matches", () => {
  const rules: HttpRule[] = [{ match: [{ uri: { exact: "/a" } }], route: to("v1") }];
  expect(subsetFor(rules, get("/b"))).toBeUndefined();
});

test("leaves a rule out for proxies without its source labels", () => {
  const rules: HttpRule[] = [
    { match: [{ sourceLabels: { app: "other" } }], route: to("v2") },
    { route: to("v1") },
  ];
  expect(subsetFor(rules)).toBe("v1");
  const other = routesFor(rules, { namespace: "lab", labels: { app: "other" } });
  const action = other.table.find("logic")?.routes[0]?.action as ForwardAction | undefined;
  expect(action?.destinations[0]?.subset).toBe("v2");
});

test("ignores a VirtualService that is bound to a gateway only", () => {
  const mesh = snapshot({
    services: [logic],
    virtualServices: [
      virtualService({ hosts: ["logic"], gateways: ["edge"], http: [{ route: to("v2") }] }),
    ],
  });
  const route = buildSidecarRoutes(mesh, proxy, 8080).find("logic")?.routes[0];
  expect(route?.name).toBe("default");
});

test("resolves a subset to the endpoints with its labels", () => {
  const { mesh } = routesFor([{ route: to("v2") }]);
  const host = "logic.lab.svc.cluster.local";
  const found = resolveCluster(mesh, "lab", { host, subset: "v2", port: 8080 });
  expect(found?.name).toBe("outbound|8080|v2|logic.lab.svc.cluster.local");
  expect(found?.endpoints.map((one) => one.address)).toEqual(["10.244.0.2"]);
  expect(resolveCluster(mesh, "lab", { host, subset: "v9", port: 8080 })).toBeUndefined();
  expect(resolveCluster(mesh, "lab", { host, subset: undefined, port: 9 })).toBeUndefined();
});

test("does not complete a destination's name that has a dot", () => {
  const rules: HttpRule[] = [{ route: [{ destination: { host: "logic.lab" } }] }];
  const route = routesFor(rules).table.find("logic")?.routes[0];
  const action = route?.action as ForwardAction | undefined;
  expect(action?.destinations[0]?.host).toBe("logic.lab");
});

test("draws destinations independently by weight, whatever the weights add up to", () => {
  const rules: HttpRule[] = [
    {
      route: [
        { destination: { host: "logic", subset: "v1" }, weight: 9 },
        { destination: { host: "logic", subset: "v2" }, weight: 1 },
        { destination: { host: "logic", subset: "v3" }, weight: 0 },
      ],
    },
  ];
  const action = routesFor(rules).table.find("logic")?.routes[0]?.action as ForwardAction;
  const drawn = [0, 0.5, 0.899, 0.9, 0.999].map(
    (random) => drawDestination(action.destinations, () => random).subset,
  );
  expect(drawn).toEqual(["v1", "v1", "v1", "v2", "v2"]);
});

test("gives a destination that stands alone everything, even with weight 0", () => {
  const rules: HttpRule[] = [{ route: [{ destination: { host: "logic" }, weight: 0 }] }];
  const action = routesFor(rules).table.find("logic")?.routes[0]?.action as ForwardAction;
  expect(drawDestination(action.destinations, () => 0.5).host).toBe("logic.lab.svc.cluster.local");
});

test("takes the oldest of two VirtualServices for one host", () => {
  const mesh = snapshot({
    services: [logic],
    virtualServices: [
      virtualService({ hosts: ["logic"], http: [{ name: "old", route: to("v1") }] }, "b"),
      virtualService({ hosts: ["logic"], http: [{ name: "new", route: to("v2") }] }, "a"),
    ],
  });
  expect(buildSidecarRoutes(mesh, proxy, 8080).find("logic")?.routes[0]?.name).toBe("old");
});
