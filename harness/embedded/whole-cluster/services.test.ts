import { get } from "node:http";
import { text } from "node:stream/consumers";
import type { ServiceSpec } from "kubernetes-types/core/v1";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployments, pods, services } from "../resources.ts";
import {
  eventually,
  idle,
  startTestCluster,
  template,
  web,
  type TestCluster,
} from "./cluster.fixture.ts";

const namespace = "default";
let cluster: TestCluster;
let names: string[];
beforeAll(async () => {
  cluster = await startTestCluster();
  await createApp(cluster, "web", 3);
  const caller = { containers: [idle()], terminationGracePeriodSeconds: 1 };
  const labels = { app: "caller" };
  await cluster.client.create(pods, {
    metadata: { namespace, name: "caller", labels },
    spec: caller,
  });
  await cluster.readyPods({ app: "caller" }, 1);
  names = (await cluster.readyPods({ app: "web" }, 3)).map(({ metadata }) => metadata?.name ?? "");
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

async function createApp(to: TestCluster, app: string, replicas: number, port = 8080) {
  const container = web({ ports: [{ name: "http", containerPort: port }] });
  const listen = JSON.parse(
    JSON.stringify(container).replaceAll("8080", String(port)),
  ) as typeof container;
  const labels = { ...template(app).metadata?.labels, group: "all" };
  const spec = {
    replicas,
    selector: { matchLabels: { app } },
    template: { ...template(app, listen), metadata: { labels } },
  };
  await to.client.create(deployments, { metadata: { namespace, name: app }, spec });
}

function expose(to: TestCluster, name: string, spec: ServiceSpec) {
  return to.client.create(services, { metadata: { namespace, name }, spec });
}

/** Asks in the caller's pod, each time by a new connection. */
async function ask(url: string, times: number): Promise<string[]> {
  const script = `for i in $(seq ${times}); do wget -qO- ${url}; done`;
  return (await cluster.exec("caller", "sh", "-c", script)).trim().split("\n");
}

const ports = [{ name: "http", port: 80, targetPort: 8080 }];
const selector = { app: "web" };

test("sessionAffinity ClientIP keeps a client on one pod, where others meet all", async () => {
  await expose(cluster, "sticky", { selector, ports, sessionAffinity: "ClientIP" });
  await expose(cluster, "any", { selector, ports });
  await eventually(() => ask("http://sticky/", 1));
  await eventually(() => ask("http://any/", 1));
  expect(new Set(await ask("http://sticky/", 12)).size).toBe(1);
  // Twelve draws of three meet only one pod once in 177,147 runs.
  expect(new Set(await ask("http://any/", 12)).size).toBeGreaterThan(1);
});

test("an ExternalName is another name for a Service of the cluster", async () => {
  await expose(cluster, "inner", { selector, ports });
  const externalName = "inner.default.svc.cluster.local";
  await expose(cluster, "outer", { type: "ExternalName", externalName });
  const [name] = await eventually(() => ask("http://outer/", 1));
  expect(names).toContain(name);
});

test("a headless Service names its pods and, by SRV, the number of its named port", async () => {
  const headless = [{ name: "http", port: 8080, targetPort: "http" }];
  await expose(cluster, "each", { clusterIP: "None", selector, ports: headless });
  const { items } = await cluster.client.list(pods, { namespace, labelSelector: "app=web" });
  const script = `const dns = require("node:dns").promises;
    Promise.all([dns.resolve4("each.default.svc.cluster.local"),
      dns.resolveSrv("_http._tcp.each.default.svc.cluster.local")])
      .then(([ips, records]) => console.log(JSON.stringify([ips.sort(), records.map((it) => it.port)])))`;
  await eventually(async () => {
    const said = await cluster.exec("caller", "node", "-e", script);
    const ips = items.map(({ status }) => status?.podIP ?? "").toSorted();
    expect(JSON.parse(said)).toEqual([ips, [8080, 8080, 8080]]);
  });
  expect(names).toContain((await ask("http://each:8080/", 1))[0]);
});

test("a named target port is each pod's own number", async () => {
  await createApp(cluster, "late", 1, 9090);
  await cluster.readyPods({ app: "late" }, 1);
  const named = [{ name: "http", port: 80, targetPort: "http" }];
  await expose(cluster, "mixed", { selector: { group: "all" }, ports: named });
  const answered = await eventually(async () => {
    const seen = await ask("http://mixed/", 25);
    expect(seen.some((name) => name.startsWith("late-"))).toBe(true);
    return seen;
  });
  expect(answered.some((name) => name.startsWith("web-"))).toBe(true);
});

test("publishNotReadyAddresses names and reaches pods that are not ready, and nothing else does", async () => {
  const container = web({ readinessProbe: { exec: { command: ["false"] } } });
  const metadata = { namespace, name: "unready", labels: { app: "unready" } };
  const spec = { containers: [container], terminationGracePeriodSeconds: 1 };
  await cluster.client.create(pods, { metadata, spec });
  const own = { selector: { app: "unready" }, ports };
  await expose(cluster, "eager", { ...own, publishNotReadyAddresses: true });
  await expose(cluster, "patient", own);
  expect(await eventually(() => ask("http://eager/", 1))).toEqual(["unready"]);
  await expect(ask("http://patient/", 1)).rejects.toThrow(/refused/i);
});

test("NodePorts and LoadBalancers answer from outside, on the addresses that their Services tell", async () => {
  await expose(cluster, "node", { type: "NodePort", selector, ports });
  await expose(cluster, "balancer", { type: "LoadBalancer", selector, ports });
  for (const name of ["node", "balancer"]) {
    const seen = new Set<string>();
    const address = await eventually(() => outsideOf(cluster, name));
    for (let tries = 0; tries < 12; tries++) seen.add(await eventually(() => fetchText(address)));
    expect([...seen].every((pod) => names.includes(pod))).toBe(true);
    expect(seen.size).toBeGreaterThan(1);
  }
  const balancer = await cluster.client.get(services, { namespace, name: "balancer" });
  expect(balancer.status?.loadBalancer?.ingress?.[0]).toMatchObject({ ip: "127.0.0.1" });
  const node = await cluster.client.get(services, { namespace, name: "node" });
  const nodePort = node.spec?.ports?.[0]?.nodePort ?? 0;
  expect(nodePort).toBeGreaterThanOrEqual(30_000);
  expect(await outsideOf(cluster, "node")).toBe(`127.0.0.1:${nodePort}`);
});

test("two clusters with the same names, addresses and node ports do not meet", async () => {
  await using other = await startTestCluster();
  const spec: ServiceSpec = {
    type: "NodePort",
    selector: { app: "web" },
    ports: [{ name: "http", port: 80, targetPort: 8080, nodePort: 31_777 }],
  };
  await expose(cluster, "twin", spec);
  const mine = await eventually(() => outsideOf(cluster, "twin"));
  await createApp(other, "web", 1);
  await expose(other, "twin", spec);
  const [theirPod] = await other.readyPods({ app: "web" }, 1);
  const theirs = await eventually(() => outsideOf(other, "twin"));
  expect(theirs).not.toBe(mine);
  const [theirName = ""] = [theirPod?.metadata?.name];
  for (let tries = 0; tries < 5; tries++) {
    expect(await eventually(() => fetchText(theirs))).toBe(theirName);
    expect(names).toContain(await eventually(() => fetchText(mine)));
  }
  // The same virtual address is a pod in each.
  const inside = await other.exec(
    theirName,
    "wget",
    "-qO-",
    `http://${theirPod?.status?.podIP}:8080/`,
  );
  expect(inside).toBe(`${theirName}\n`);
}, 90_000);

async function outsideOf(of: TestCluster, name: string): Promise<string> {
  const { metadata } = await of.client.get(services, { namespace, name });
  const told = metadata?.annotations?.["kubelab.dev/outside"] ?? "{}";
  const address = (JSON.parse(told) as Record<string, string>)["80"];
  if (!address) throw new Error(`Service ${name} tells no address outside`);
  return address;
}

function fetchText(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = get(`http://${address}/`, { agent: false }, (response) => {
      text(response).then((said) => resolve(said.trim()), reject);
    });
    asked.on("error", reject);
  });
}
