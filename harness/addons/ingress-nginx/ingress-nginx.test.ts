import { fileURLToPath } from "node:url";
import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StartedCluster } from "../../clusters/cluster.ts";
import { embeddedCluster } from "../../clusters/embedded.ts";
import { applyDocument } from "../../kube/apply.ts";
import { Kube } from "../../kube/kube.ts";
import { readManifest } from "../../kube/manifest.ts";
import type { AddonContext } from "../addon.ts";
import { ingressNginx } from "./ingress-nginx.ts";

const { signal } = new AbortController();
let cluster: StartedCluster;
let context: AddonContext;
let kube: Kube;

beforeAll(async () => {
  cluster = await embeddedCluster().start({ signal });
  context = {
    kubeConfig: cluster.kubeConfig,
    signal,
    outside: (service) => cluster.outside(service),
  };
  kube = new Kube({ kubeConfig: cluster.kubeConfig, namespace: "default", signal });
  const file = fileURLToPath(new URL("two-hosts.fixture.yaml", import.meta.url));
  for (const document of await readManifest(file))
    await applyDocument(document, { api: kube.api, kinds: kube.kinds, namespace: "default" });
  await kube.ready(["deployment/one", "deployment/two"]);
});

afterAll(() => cluster.stop());

async function ask(host: string): Promise<{ status: number; pod: string }> {
  const service = { namespace: "ingress-nginx", name: "ingress-nginx-controller", port: 80 };
  const outside = await cluster.outside(service);
  const url = `http://${outside.host}:${outside.port}/`;
  const { statusCode, headers, body } = await request(url, { headers: { host } });
  await body.dump();
  return { status: statusCode, pod: String(headers["x-kubelab-responder"]).split("/")[2] ?? "" };
}

test("once installed it takes requests from outside: each host to its own pods, in turn", async () => {
  expect(await ingressNginx.isInstalled(context)).toBe(false);
  await ingressNginx.install(context);
  expect(await ingressNginx.isInstalled(context)).toBe(true);

  // The Ingress was there before: its routes are in force from the first request.
  for (const [host, app] of [
    ["www.service1.io", "one"],
    ["www.service2.io", "two"],
  ] as const) {
    const counts: Record<string, number> = {};
    for (let sent = 0; sent < 20; sent++) {
      const { pod } = await ask(host);
      counts[pod] = (counts[pod] ?? 0) + 1;
    }
    expect(Object.values(counts)).toEqual([10, 10]);
    expect(Object.keys(counts).every((pod) => pod.startsWith(`${app}-`))).toBe(true);
  }
  expect((await ask("www.service3.io")).status).toBe(404);
});

test("a pod that is deleted under way costs no GET", async () => {
  const pods = await kube.list("pods", { labels: "app=one" });
  const path = `/api/v1/namespaces/default/pods/${pods[0]?.metadata?.name}`;
  await kube.api.request("DELETE", path);
  const statuses = new Set<number>();
  for (let sent = 0; sent < 200; sent++) statuses.add((await ask("www.service1.io")).status);
  expect([...statuses]).toEqual([200]);
});

test("the Ingress's status says where it is reached", async () => {
  const address = async (): Promise<string | undefined> => {
    const { status } = await kube.get("ingress/two-hosts");
    const balancer = (status as { loadBalancer?: { ingress?: { ip?: string }[] } }).loadBalancer;
    return balancer?.ingress?.[0]?.ip;
  };
  await expect.poll(address, { timeout: 15_000 }).toBe("127.0.0.1");
});

test("uninstalled, nothing of it is left", async () => {
  await ingressNginx.uninstall(context);
  expect(await ingressNginx.isInstalled(context)).toBe(false);
  for (const target of [
    "namespace/ingress-nginx",
    "ingressclass/nginx",
    "clusterrole/ingress-nginx",
    "clusterrolebinding/ingress-nginx",
  ])
    expect(await kube.exists(target as "namespace/x")).toBe(false);
  await ingressNginx.uninstall(context);
});
