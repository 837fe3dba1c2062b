import type { EndpointSlice } from "kubernetes-types/discovery/v1";
import { expect, test } from "vitest";
import { buildRouting } from "./build-routing.ts";
import { clusterOf, ingress, type IngressSpec } from "./ingress.fixture.ts";
import { chooseHost, chooseLocation, rewrite } from "./locations.ts";
import type { Routing } from "./routing.ts";

const services = { web: ["10.0.0.1"], other: ["10.0.0.2", "10.0.0.3"], none: [] };

function route(...ingresses: readonly IngressSpec[]): Routing {
  return buildRouting(clusterOf(services, ingresses.map(ingress)));
}

/** The backend's Service for a host and path. */
function at(routing: Routing, host: string, path: string): string | undefined {
  const virtualHost = chooseHost(routing, host);
  const rule = virtualHost && chooseLocation(virtualHost, path);
  return rule?.backend?.replace(/^lab-(.*)-80$/, "$1");
}

test("hosts are matched exactly, then by wildcard, then by the rule without a host", () => {
  const routing = route(
    { rules: [{ host: "a.io", paths: { "/": "web" } }] },
    { rules: [{ host: "*.a.io", paths: { "/": "other" } }] },
  );
  expect(at(routing, "a.io", "/")).toBe("web");
  expect(at(routing, "x.a.io", "/")).toBe("other");
  expect(at(routing, "b.io", "/")).toBeUndefined();
  const all = route({ rules: [{ paths: { "/": "none" } }] });
  expect(at(all, "anything", "/")).toBe("none");
});

test.for([
  { pathType: "Prefix", path: "/foo", yes: ["/foo", "/foo/", "/foo/bar"], no: ["/foobar", "/"] },
  { pathType: "Prefix", path: "/foo/", yes: ["/foo", "/foo/", "/foo/bar"], no: ["/foobar"] },
  { pathType: "Prefix", path: "/", yes: ["/", "/any/thing"], no: [] },
  { pathType: "Exact", path: "/foo", yes: ["/foo"], no: ["/foo/", "/foo/bar", "/FOO"] },
  // ingress-nginx makes a Prefix of it (SetDefaultNGINXPathType).
  {
    pathType: "ImplementationSpecific",
    path: "/foo",
    yes: ["/foo", "/foo/bar"],
    no: ["/foobar", "/fo"],
  },
])("$pathType $path is for $yes and not for $no", ({ pathType, path, yes, no }) => {
  const routing = route({ rules: [{ host: "a.io", pathType, paths: { [path]: "web" } }] });
  const matched = [...yes, ...no].filter((one) => at(routing, "a.io", one) === "web");
  expect(matched).toEqual(yes);
});

test("the longest path wins, and an exact one before all", () => {
  const routing = route(
    { rules: [{ host: "a.io", pathType: "Prefix", paths: { "/": "web", "/foo/bar": "other" } }] },
    { rules: [{ host: "a.io", pathType: "Exact", paths: { "/foo/bar/x": "none" } }] },
  );
  expect(at(routing, "a.io", "/foo")).toBe("web");
  expect(at(routing, "a.io", "/foo/bar/y")).toBe("other");
  expect(at(routing, "a.io", "/foo/bar/x")).toBe("none");
});

test.for([
  ["Exact", "Prefix"],
  ["Prefix", "Exact"],
])("of %s and %s for one path the exact one takes the path itself", ([first, second]) => {
  const serviceOf = (pathType: string) => (pathType === "Exact" ? "web" : "other");
  const rules = [first, second].map((pathType = "") => ({
    host: "a.io",
    pathType,
    paths: { "/foo": serviceOf(pathType) },
  }));
  const routing = route({ rules });
  expect(at(routing, "a.io", "/foo")).toBe("web");
  expect(at(routing, "a.io", "/foo/bar")).toBe("other");
});

test("a rewrite-target that is the path itself makes no patterns", () => {
  const routing = route(
    {
      annotations: { "rewrite-target": "/" },
      rules: [{ host: "a.io", paths: { "/": "web" } }],
    },
    { rules: [{ host: "a.io", pathType: "Exact", paths: { "/exact": "other" } }] },
  );
  expect(at(routing, "a.io", "/exact")).toBe("other");
  expect(at(routing, "a.io", "/exact/and/more")).toBe("web");
});

test("rewrite-target puts the path's groups in, and makes all of the host's paths patterns", () => {
  const routing = route(
    {
      annotations: { "rewrite-target": "/$2" },
      rules: [
        { host: "a.io", pathType: "ImplementationSpecific", paths: { "/app(/|$)(.*)": "web" } },
      ],
    },
    { rules: [{ host: "a.io", pathType: "Exact", paths: { "/exact": "other" } }] },
  );
  const host = chooseHost(routing, "a.io");
  const rewritten = (path: string): string | undefined => {
    const rule = host && chooseLocation(host, path);
    return rule && rewrite(rule, path);
  };
  expect(rewritten("/app")).toBe("/");
  expect(rewritten("/app/x/y")).toBe("/x/y");
  expect(rewritten("/APP/x")).toBe("/x");
  expect(at(routing, "a.io", "/application")).toBeUndefined();
  // The trap: Exact counts no more.
  expect(at(routing, "a.io", "/exact/and/more")).toBe("other");
});

test("a default backend answers for the Ingress's own hosts, and for all others only without rules", () => {
  const withRules = route({
    defaultBackend: "other",
    rules: [{ host: "a.io", pathType: "Exact", paths: { "/x": "web" } }],
  });
  expect(at(withRules, "a.io", "/x")).toBe("web");
  expect(at(withRules, "a.io", "/y")).toBe("other");
  expect(at(withRules, "b.io", "/y")).toBeUndefined();
  const newer = { name: "newer", createdAt: 2, rules: [{ host: "a.io", paths: { "/z": "web" } }] };
  const older = { ...newer, name: "older", createdAt: 0 };
  const own = { defaultBackend: "other", rules: [{ host: "a.io", paths: { "/x": "web" } }] };
  expect(at(route(own, newer), "a.io", "/y")).toBe("other");
  // The first Ingress of a host has the say.
  expect(at(route(own, older), "a.io", "/y")).toBeUndefined();
  expect(at(route({ defaultBackend: "other" }), "b.io", "/")).toBe("other");
});

test("of two Ingresses for the same host and path the older wins, whatever their order", () => {
  const older = { name: "older", createdAt: 1, rules: [{ host: "a.io", paths: { "/": "web" } }] };
  const newer = { name: "newer", createdAt: 2, rules: [{ host: "a.io", paths: { "/": "other" } }] };
  const routing = route(newer, older);
  expect(at(routing, "a.io", "/")).toBe("web");
  expect(routing.problems).toEqual([
    {
      ingress: "lab/newer",
      message:
        'host "a.io" and path "/" is already defined in ingress lab/older, which is older and wins',
    },
  ]);
});

test("only ready endpoints count, and the port is the Service's by number or name", () => {
  const view = clusterOf(services, [
    ingress({ rules: [{ host: "a.io", paths: { "/": "other" } }] }),
  ]);
  expect(buildRouting(view).backends.get("lab-other-80")?.endpoints).toEqual([
    { address: "10.0.0.2", port: 8080 },
    { address: "10.0.0.3", port: 8080 },
  ]);
  const [slice] = view.slices("lab", "other");
  const unready = {
    ...slice,
    endpoints: slice?.endpoints.map((one, index) => ({
      ...one,
      conditions: { ready: index === 1 },
    })),
  };
  const slices = () => [unready as NonNullable<typeof slice>];
  expect(buildRouting({ ...view, slices }).backends.get("lab-other-80")?.endpoints).toEqual([
    { address: "10.0.0.3", port: 8080 },
  ]);
});

test("a slice whose lists are null, as Kubernetes writes empty ones, has no endpoints", () => {
  const view = clusterOf(services, [ingress({ rules: [{ host: "a.io", paths: { "/": "web" } }] })]);
  const empty = { addressType: "IPv4", endpoints: null, ports: null } as unknown as EndpointSlice;
  const { backends } = buildRouting({ ...view, slices: () => [empty] });
  expect(backends.get("lab-web-80")?.endpoints).toEqual([]);
});

test("a missing Service or port is said, and its rule stays without endpoints", () => {
  const routing = route({ rules: [{ host: "a.io", paths: { "/": "web", "/gone": "gone" } }] });
  expect(routing.problems).toEqual([
    { ingress: "lab/main", message: 'service "lab/gone" does not exist' },
  ]);
  expect(routing.backends.get("lab-gone-80")?.endpoints).toEqual([]);
});

test("while a backend has no endpoints the default-backend annotation's Service answers", () => {
  const rules = [{ host: "a.io", paths: { "/": "none", "/web": "web" } }];
  const { backends } = route({ annotations: { "default-backend": "other" }, rules });
  expect(backends.get("lab-none-80")?.endpoints).toHaveLength(2);
  expect(backends.get("lab-web-80")?.endpoints).toEqual([{ address: "10.0.0.1", port: 8080 }]);
});

test.for([
  [
    "canry",
    "true",
    "annotation nginx.ingress.kubernetes.io/canry is not known to this controller and has no effect",
  ],
  [
    "canary-weight",
    "ten",
    'annotation nginx.ingress.kubernetes.io/canary-weight: "ten" is not a whole number; it has no effect',
  ],
  [
    "ssl-redirect",
    "no",
    'annotation nginx.ingress.kubernetes.io/ssl-redirect: "no" is neither true nor false; it has no effect',
  ],
  [
    "canary-by-header-value",
    "a=b",
    'annotation nginx.ingress.kubernetes.io/canary-by-header-value: "a=b" holds characters that are not allowed; it has no effect',
  ],
  [
    "backend-protocol",
    "GRPC",
    'annotation nginx.ingress.kubernetes.io/backend-protocol: this controller knows "HTTP" only, not "GRPC"; it has no effect',
  ],
] as const)("the annotation %s: %s is a problem that is said", ([name, value, message]) => {
  const { problems } = route({ annotations: { [name]: value }, defaultBackend: "web" });
  expect(problems).toEqual([{ ingress: "lab/main", message }]);
});

function canary(name: string, to: string, change = {}): IngressSpec {
  return {
    name,
    createdAt: 2,
    annotations: { canary: "true", "canary-weight": "10" },
    rules: [{ host: "a.io", paths: { "/": to }, ...change }],
  };
}

test("a canary hangs on the main rule of the same host, path and type, and only the first counts", () => {
  const main = { rules: [{ host: "a.io", paths: { "/": "web" } }] };
  const alternatives = (...ingresses: readonly IngressSpec[]): readonly string[] | undefined =>
    route(main, ...ingresses).backends.get("lab-web-80")?.alternatives;

  expect(alternatives(canary("c", "other"))).toEqual(["lab-other-80"]);
  expect(alternatives(canary("c", "other", { host: "b.io" }))).toEqual([]);
  expect(alternatives(canary("c", "other", { pathType: "Exact" }))).toEqual([]);
  expect(alternatives(canary("c", "other", { pathType: "ImplementationSpecific" }))).toEqual([
    "lab-other-80",
  ]);
  expect(alternatives(canary("c", "web"))).toEqual([]);
  const catchAll = canary("c", "other");
  const everybody = route(
    { defaultBackend: "web" },
    { ...catchAll, rules: [], defaultBackend: "other" },
  );
  expect(everybody.backends.get("lab-web-80")?.alternatives).toEqual(["lab-other-80"]);
  expect(alternatives(canary("c", "other"), canary("d", "none"))?.[0]).toBe("lab-other-80");
  expect(route(main, canary("c", "web")).problems[0]?.message).toContain(
    "the canary has no effect",
  );
});
