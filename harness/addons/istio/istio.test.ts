import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { embeddedCluster } from "../../clusters/embedded.ts";
import type { OutsideAddress, StartedCluster } from "../../clusters/cluster.ts";
import { applyDocument } from "../../kube/apply.ts";
import { Kube } from "../../kube/kube.ts";
import { parseManifest, readManifest } from "../../kube/manifest.ts";
import { systemClock } from "../../time/clock.ts";
import type { AddonContext } from "../addon.ts";
import { istio } from "./istio.ts";

const { signal } = new AbortController();
let cluster: StartedCluster;
let context: AddonContext;
let kube: Kube;
let gateway: OutsideAddress;

beforeAll(async () => {
  cluster = await embeddedCluster().start({ signal });
  kube = new Kube({ kubeConfig: cluster.kubeConfig, namespace: "lab", signal });
  context = {
    kubeConfig: cluster.kubeConfig,
    signal,
    outside: (service) => cluster.outside(service),
  };
  await istio.install(context);
  const labels = { "istio-injection": "enabled" };
  await kube.api.request("POST", "/api/v1/namespaces", {
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "lab", labels } },
  });
  for (const name of ["apps", "subsets", "weights"]) {
    const path = `../../../labs/istio-canary/manifests/${name}.yaml`;
    for (const document of await readManifest(fileURLToPath(new URL(path, import.meta.url)))) {
      await applyDocument(document, { api: kube.api, kinds: kube.kinds, namespace: "lab" });
    }
  }
  await apply(edge);
  await kube.ready(["deployment/access", "deployment/logic-v1", "deployment/logic-v2"]);
  const service = { namespace: "istio-system", name: "istio-ingressgateway", port: 80 };
  gateway = await cluster.outside(service);
}, 120_000);

afterAll(async () => {
  await cluster?.stop();
});

const edge = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge }
spec:
  hosts: [www.service1.io]
  gateways: [edge]
  http: [{ route: [{ destination: { host: access } }] }]
`;

async function apply(yaml: string): Promise<void> {
  for (const document of parseManifest(yaml, "test.yaml")) {
    await applyDocument(document, { api: kube.api, kinds: kube.kinds, namespace: "lab" });
  }
}

async function ask(host = "www.service1.io") {
  const [response] = (await once(get({ ...gateway, headers: { host } }), "response")) as [
    IncomingMessage,
  ];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** Asks until the answer is as wanted. */
async function askUntil(wanted: (answer: Awaited<ReturnType<typeof ask>>) => boolean) {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask();
    if (wanted(answer) || tries > 100) return answer;
    await systemClock.sleep(50);
  }
}

test("gives every pod of a labelled namespace a sidecar that is ready", async () => {
  const [pod] = await kube.list("pods", { labels: "app=access" });
  expect(pod?.spec?.initContainers?.map((container) => container.name)).toEqual(["istio-proxy"]);
  expect(pod?.status?.initContainerStatuses?.[0]?.ready).toBe(true);
});

test("reaches both versions of logic through the gateway and the sidecars", async () => {
  await askUntil(({ status }) => status === 200);
  const counts = new Map<string, number>();
  for (let i = 0; i < 200; i += 1) {
    const { status, headers } = await ask();
    const version = String(headers["x-kubelab-upstream"]).split("/")[1];
    counts.set(`${status} ${version}`, (counts.get(`${status} ${version}`) ?? 0) + 1);
  }
  expect([...counts.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual(["200 v1", "200 v2"]);
  // Outside of 3..45 of 200 lies less than one in a million of a true tenth.
  expect(counts.get("200 v2")).toBeGreaterThanOrEqual(3);
  expect(counts.get("200 v2")).toBeLessThanOrEqual(45);
});

test("answers an unknown host 404 by itself", async () => {
  const { status, headers, body } = await ask("other.io");
  expect([status, headers["server"], body]).toEqual([404, "istio-envoy", ""]);
});

test("enforces strict mutual TLS and authorization between the pods", async () => {
  await apply(`
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default }
spec: { mtls: { mode: STRICT } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: logic }
spec:
  selector: { matchLabels: { app: logic } }
  rules: [{ to: [{ operation: { methods: [POST] } }] }]
`);
  const denied = await askUntil(({ body }) => body.includes("RBAC"));
  expect(denied.body).toContain("RBAC: access denied");
  await kube.patch("authorizationpolicy/logic", {
    spec: { rules: [{ from: [{ source: { principals: ["cluster.local/ns/lab/sa/default"] } }] }] },
  });
  const allowed = await askUntil(({ body }) => !body.includes("RBAC"));
  expect(allowed.status).toBe(200);
  expect(allowed.headers["x-kubelab-upstream"]).toMatch(/^logic\//);
});

test("leaves nothing behind when it is uninstalled", async () => {
  await istio.uninstall(context);
  expect(await istio.isInstalled(context)).toBe(false);
  expect(await kube.exists("namespace/istio-system")).toBe(false);
  expect(await kube.list("mutatingwebhookconfigurations")).toEqual([]);
});
