import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../time/clock.ts";
import { bindTo } from "../data-plane/listener.ts";
import { exchangeBytes } from "../data-plane/proxy.fixture.ts";
import { Outbound } from "./outbound.ts";
import type { DestinationRule, HttpRule } from "./routing/istio-types.ts";
import type { MeshSnapshot } from "./routing/model.ts";
import { endpoint, service, snapshot, virtualService } from "./routing/snapshot.fixture.ts";
import { ClusterManager } from "./upstreams/cluster-manager.ts";

type App = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** A sidecar of namespace "lab" in front of two versions of `logic` on real ports. */
async function startMesh(options: {
  readonly v1?: App;
  readonly v2?: App;
  readonly http?: readonly HttpRule[];
  readonly rules?: readonly DestinationRule[];
  readonly random?: () => number;
  readonly policy?: "ALLOW_ANY" | "REGISTRY_ONLY";
}) {
  const apps = await Promise.all([startApp("v1", options.v1), startApp("v2", options.v2)]);
  const endpoints = apps.map(({ port, version }) => ({ ...endpoint("127.0.0.1", version), port }));
  const subsets = ["v1", "v2"].map((name) => ({ name, labels: { version: name } }));
  const mesh = snapshot({
    services: [service("logic", endpoints)],
    virtualServices: options.http ? [virtualService({ hosts: ["logic"], http: options.http })] : [],
    destinationRules: options.rules ?? [
      { metadata: { name: "logic", namespace: "lab" }, spec: { host: "logic", subsets } },
    ],
    meshConfig: { outboundTrafficPolicy: options.policy ?? "ALLOW_ANY" },
  });
  return startSidecar(mesh, apps, options.random);
}

const noTls = () => undefined;

async function startSidecar(
  mesh: MeshSnapshot,
  apps: readonly AsyncDisposable[],
  random: () => number = Math.random,
) {
  const environment = { clock: systemClock, random };
  const clusters = new ClusterManager("lab", mesh, { ...environment, tlsFor: noTls });
  const outbound = new Outbound({
    environment: { ...environment, clusters },
    proxy: { namespace: "lab", labels: {} },
    snapshot: () => mesh,
    stages: [],
    bind: (server) => bindTo(0, "127.0.0.1")(server),
  });
  const port = await outbound.portFor({ ip: "10.96.0.5", port: 8080 });
  return {
    clusters,
    get: (path = "/", headers = "", host = "logic"): Promise<Answer> =>
      ask(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}Connection: close\r\n\r\n`),
    post: (body: string): Promise<Answer> =>
      ask(
        port,
        `POST / HTTP/1.1\r\nHost: logic\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ),
    async [Symbol.asyncDispose]() {
      await outbound.stop();
      clusters.close();
      for (const app of apps) await app[Symbol.asyncDispose]();
    },
  };
}

async function startApp(version: string, listener?: App) {
  const server = createServer((request, response) => {
    if (listener) void listener(request, response);
    else response.end(version);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    version,
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function ask(port: number, bytes: string): Promise<Answer> {
  const answer = await exchangeBytes(port, bytes);
  const [head = "", body = ""] = answer.split(/\r\n\r\n(.*)/s);
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
  return { status, head: head.toLowerCase(), body };
}

const to = (subset: string) => [{ destination: { host: "logic", subset } }];

describe("routing", () => {
  test("sends a header's requests to one version and all others to the other", async () => {
    const match = [{ headers: { version: { exact: "200" } } }];
    await using mesh = await startMesh({ http: [{ match, route: to("v2") }, { route: to("v1") }] });
    expect((await mesh.get("/", "version: 200\r\n")).body).toBe("v2");
    expect((await mesh.get("/", "version: 201\r\n")).body).toBe("v1");
    expect((await mesh.get()).body).toBe("v1");
  });

  test("splits by weight, request by request", async () => {
    const draws = [0.05, 0.95, 0.5, 0.09];
    let turn = 0;
    // Each request draws once for its destination and twice for its endpoint.
    const random = () => draws[Math.floor(turn++ / 3)] ?? 0.5;
    const route = [
      { ...to("v2")[0], weight: 10 },
      { ...to("v1")[0], weight: 90 },
    ] as HttpRule["route"];
    await using mesh = await startMesh({ random, http: [{ route }] });
    const bodies = [];
    for (const _draw of draws) bodies.push((await mesh.get()).body);
    expect(bodies).toEqual(["v2", "v1", "v1", "v2"]);
  });

  test("answers 404 with an empty body where no rule matches", async () => {
    const match = [{ uri: { exact: "/only" } }];
    await using mesh = await startMesh({ http: [{ match, route: to("v1") }] });
    const { status, body, head } = await mesh.get("/else");
    expect([status, body]).toEqual([404, ""]);
    expect(head).toContain("server: envoy");
  });

  test("answers 503 with an empty body for a subset that no DestinationRule has", async () => {
    await using mesh = await startMesh({ http: [{ route: to("v9") }] });
    expect(await mesh.get()).toMatchObject({ status: 503, body: "" });
  });

  test("answers 503 'no healthy upstream' for a subset without endpoints", async () => {
    const subsets = [{ name: "v9", labels: { version: "v9" } }];
    const rules = [
      { metadata: { name: "logic", namespace: "lab" }, spec: { host: "logic", subsets } },
    ];
    await using mesh = await startMesh({ rules, http: [{ route: to("v9") }] });
    expect(await mesh.get()).toMatchObject({ status: 503, body: "no healthy upstream" });
  });

  test("refuses hosts outside the mesh under REGISTRY_ONLY", async () => {
    await using mesh = await startMesh({ policy: "REGISTRY_ONLY" });
    expect(await mesh.get("/", "", "example.com")).toMatchObject({ status: 502, body: "" });
  });

  test("rewrites, redirects and answers by itself as the rule says", async () => {
    await using mesh = await startMesh({
      v1: (request, response) => void response.end(`${request.url} ${request.headers.host}`),
      http: [
        {
          match: [{ uri: { prefix: "/old/" } }],
          rewrite: { uri: "/new/", authority: "inner" },
          route: to("v1"),
        },
        { match: [{ uri: { exact: "/moved" } }], redirect: { uri: "/there", redirectCode: 302 } },
        { directResponse: { status: 418, body: { string: "teapot" } } },
      ],
    });
    expect((await mesh.get("/old/a?b=c")).body).toBe("/new/a?b=c inner");
    const moved = await mesh.get("/moved");
    expect(moved.status).toBe(302);
    expect(moved.head).toContain("location: http://logic/there");
    expect(await mesh.get("/x")).toMatchObject({ status: 418, body: "teapot" });
  });

  test("sets, adds and removes headers on the way there and back", async () => {
    await using mesh = await startMesh({
      v1: (request, response) => {
        response.setHeader("x-gone", "1");
        response.end(JSON.stringify(request.headers));
      },
      http: [
        {
          route: to("v1"),
          headers: {
            request: { set: { "X-Set": "s" }, add: { "x-have": "2" }, remove: ["x-secret"] },
            response: { set: { "x-mesh": "yes" }, remove: ["x-gone"] },
          },
        },
      ],
    });
    const { head, body } = await mesh.get("/", "x-have: 1\r\nx-secret: s\r\n");
    expect(JSON.parse(body)).toMatchObject({ "x-set": "s", "x-have": "1, 2" });
    expect(body).not.toContain("x-secret");
    expect(head).toContain("x-mesh: yes");
    expect(head).not.toContain("x-gone");
  });
});

describe("resilience", () => {
  test("answers 504 'upstream request timeout' when the route's time is up", async () => {
    await using mesh = await startMesh({
      v1: () => {},
      http: [{ route: to("v1"), timeout: "0.1s" }],
    });
    const started = systemClock.now();
    const { status, body } = await mesh.get();
    expect([status, body]).toEqual([504, "upstream request timeout"]);
    expect(systemClock.now() - started).toBeGreaterThanOrEqual(95);
  });

  test("tries again as often as the policy says, and counts the tries for the app", async () => {
    const counts: unknown[] = [];
    await using mesh = await startMesh({
      v1: (request, response) => {
        counts.push(request.headers["x-envoy-attempt-count"]);
        response.statusCode = counts.length < 3 ? 503 : 200;
        response.end("finally");
      },
      http: [{ route: to("v1"), retries: { attempts: 3, retryOn: "5xx" } }],
    });
    expect(await mesh.get()).toMatchObject({ status: 200, body: "finally" });
    expect(counts).toEqual(["1", "2", "3"]);
  });

  test("gives up after the policy's attempts, with the last answer", async () => {
    let calls = 0;
    await using mesh = await startMesh({
      v1: (_request, response) => {
        calls += 1;
        response.statusCode = 503;
        response.end(`answer ${calls}`);
      },
      http: [{ route: to("v1"), retries: { attempts: 3, retryOn: "5xx" } }],
    });
    expect(await mesh.get()).toMatchObject({ status: 503, body: "answer 4" });
    expect(calls).toBe(4);
  });

  test("sends a request's body again with every try", async () => {
    const bodies: string[] = [];
    await using mesh = await startMesh({
      v1: async (request, response) => {
        let body = "";
        for await (const chunk of request) body += String(chunk);
        bodies.push(body);
        response.statusCode = bodies.length < 2 ? 500 : 200;
        response.end();
      },
      http: [{ route: to("v1"), retries: { attempts: 2, retryOn: "5xx" } }],
    });
    expect((await mesh.post("payload")).status).toBe(200);
    expect(bodies).toEqual(["payload", "payload"]);
  });

  test("does not retry an app's 503 by default", async () => {
    let calls = 0;
    await using mesh = await startMesh({
      v1: (_request, response) => {
        calls += 1;
        response.statusCode = 503;
        response.end("mine");
      },
      http: [{ route: to("v1") }],
    });
    expect(await mesh.get()).toMatchObject({ status: 503, body: "mine" });
    expect(calls).toBe(1);
  });

  test("says in Envoy's words that the upstream closed before it answered", async () => {
    await using mesh = await startMesh({
      v1: (request) => void request.socket.destroy(),
      http: [{ route: to("v1") }],
    });
    expect(await mesh.get()).toMatchObject({
      status: 503,
      body: "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
    });
  });

  test("delays and aborts without the app seeing what is aborted", async () => {
    let calls = 0;
    await using mesh = await startMesh({
      v1: (_request, response) => {
        calls += 1;
        response.end();
      },
      http: [
        {
          match: [{ uri: { exact: "/slow" } }],
          fault: { delay: { percentage: { value: 100 }, fixedDelay: "0.1s" } },
          route: to("v1"),
        },
        { fault: { abort: { percentage: { value: 100 }, httpStatus: 418 } }, route: to("v1") },
      ],
    });
    const started = systemClock.now();
    expect((await mesh.get("/slow")).status).toBe(200);
    expect(systemClock.now() - started).toBeGreaterThanOrEqual(95);
    expect(await mesh.get("/abort")).toMatchObject({ status: 418, body: "fault filter abort" });
    expect(calls).toBe(1);
  });

  test("mirrors requests with their bodies and shows the caller nothing of it", async () => {
    const mirrored = Promise.withResolvers<string>();
    await using mesh = await startMesh({
      v2: async (request, response) => {
        let body = "";
        for await (const chunk of request) body += String(chunk);
        mirrored.resolve(`${request.headers.host} ${body}`);
        response.statusCode = 500;
        response.end();
      },
      http: [{ route: to("v1"), mirror: { host: "logic", subset: "v2" } }],
    });
    expect(await mesh.post("copy me")).toMatchObject({ status: 200, body: "v1" });
    expect(await mirrored.promise).toBe("logic copy me");
  });

  test("turns requests away beyond the pool's limits, with x-envoy-overloaded", async () => {
    const release = Promise.withResolvers<void>();
    const rules = [
      {
        metadata: { name: "logic", namespace: "lab" },
        spec: {
          host: "logic",
          trafficPolicy: {
            connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } },
          },
        },
      },
    ];
    const slow: App = (_request, response) => {
      void release.promise.then(() => response.end());
    };
    await using mesh = await startMesh({ rules, v1: slow, v2: slow });
    const asked = [mesh.get(), mesh.get(), mesh.get(), mesh.get()];
    const first = await Promise.race(asked);
    expect(first.status).toBe(503);
    expect(first.head).toContain("x-envoy-overloaded: true");
    expect(first.body).toMatch(/reset reason: overflow$/);
    release.resolve();
    const statuses = (await Promise.all(asked)).map((answer) => answer.status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(2);
    expect(statuses.filter((status) => status === 503)).toHaveLength(2);
  });

  test("takes an endpoint that keeps failing out of balancing", async () => {
    const rules = [
      {
        metadata: { name: "logic", namespace: "lab" },
        spec: {
          host: "logic",
          trafficPolicy: { outlierDetection: { consecutive5xxErrors: 2, maxEjectionPercent: 100 } },
        },
      },
    ];
    let failed = 0;
    await using mesh = await startMesh({
      rules,
      v1: (_request, response) => {
        failed += 1;
        response.statusCode = 500;
        response.end();
      },
    });
    for (let i = 0; i < 40; i += 1) await mesh.get();
    expect(failed).toBe(2);
  });
});
