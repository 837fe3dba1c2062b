import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../time/clock.ts";
import { createApiServer, type ListeningApiServer } from "../apiserver/api-server.ts";
import type { Client } from "../client.ts";
import { endpointSlices, events, services } from "../resources.ts";
import { startNetwork, type StartedNetwork } from "./start-network.ts";
import { sliceOf } from "./testing/slices.ts";
import { runInPod, say } from "./testing/test-node.ts";
import { clusterResolver } from "./testing/cluster-resolver.ts";

const api = createApiServer();
const client: Client = api.client;
const stopped = new AbortController();
let folder: string;
let listening: ListeningApiServer;
let network: StartedNetwork;
const pod = {
  namespace: "default",
  name: "web",
  uid: "u1",
  ip: "10.244.0.5",
  hostname: "web",
  resolver: clusterResolver("default"),
  hosts: {},
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kubelab-api-"));
  listening = await api.listen({ stateDir: folder });
  network = await startNetwork({
    stateDir: folder,
    kubeconfigPath: listening.kubeConfigPath ?? "",
    signal: stopped.signal,
    endpointLagMs: 50,
  });
  await network.addPod(pod);
});
afterAll(async () => {
  await network.stop();
  await listening.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function createService(name: string, spec: object, ips = [pod.ip]): Promise<void> {
  await client.create(services, { metadata: { namespace: "default", name }, spec });
  await client.create(endpointSlices, sliceOf(name, 8080, ips));
}

/** The Service's way in for the port, once it is told. */
async function outside(name: string, port: number): Promise<number> {
  for (;;) {
    const { metadata } = await client.get(services, { namespace: "default", name });
    const told = metadata?.annotations?.["kubelab.dev/outside"];
    const address =
      told === undefined ? undefined : (JSON.parse(told) as Record<string, string>)[port];
    if (address) return Number(address.replace("127.0.0.1:", ""));
    await systemClock.sleep(10);
  }
}

async function read(port: number): Promise<string | undefined> {
  const socket = connect(port, "127.0.0.1");
  try {
    return (await socket.toArray()).join("");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

const serve = `${say}import net from "node:net";
  net.createServer((s) => s.end("from " + s.remoteAddress)).listen(8080, "0.0.0.0", () => say("up"));`;

test("a NodePort and a load balancer lead to the pod from outside, while there are endpoints", async () => {
  await using program = runInPod(network.environment(pod, { proxy: false }), serve);
  await program.next();
  await createService("by-node", {
    type: "NodePort",
    clusterIP: "10.96.1.1",
    ports: [{ port: 80, targetPort: 8080, nodePort: 31_973 }],
  });
  await createService("by-balancer", {
    type: "LoadBalancer",
    clusterIP: "10.96.1.2",
    ports: [{ port: 8, targetPort: 8080 }],
  });
  for (const [name, port] of [
    ["by-node", 80],
    ["by-balancer", 8],
  ] as const)
    await expect.poll(async () => read(await outside(name, port))).toBe("from 10.244.0.1");
  const { status } = await client.get(services, { namespace: "default", name: "by-balancer" });
  expect(status?.loadBalancer?.ingress).toEqual([{ ip: "127.0.0.1", ipMode: "VIP" }]);

  const port = await outside("by-node", 80);
  const balancer = await outside("by-balancer", 8);
  const inside = {
    spec: { type: "ClusterIP", ports: [{ port: 8, targetPort: 8080, nodePort: null }] },
  };
  await client.patch(
    services,
    { namespace: "default", name: "by-balancer" },
    { type: "merge", body: inside },
  );
  await client.patch(
    endpointSlices,
    { namespace: "default", name: sliceOf("by-node", 1, []).metadata?.name ?? "" },
    { type: "merge", body: { endpoints: [] } },
  );
  await expect.poll(() => read(port)).toBe("ECONNREFUSED");
  await expect.poll(() => read(balancer)).toBe("ECONNREFUSED");
  const told = async () => {
    const { metadata } = await client.get(services, { namespace: "default", name: "by-balancer" });
    return metadata?.annotations?.["kubelab.dev/outside"];
  };
  await expect.poll(told).toBeUndefined();
});

test("a node port that another program has is told, and another one taken", async () => {
  const holder = createServer((socket) => socket.end("another program")).listen(
    31_974,
    "127.0.0.1",
  );
  await once(holder, "listening");
  await using program = runInPod(network.environment(pod, { proxy: false }), serve);
  await program.next();
  await createService("moved", {
    type: "NodePort",
    clusterIP: "10.96.1.3",
    ports: [{ port: 80, targetPort: 8080, nodePort: 31_974 }],
  });
  const port = await outside("moved", 80);
  expect(port).not.toBe(31_974);
  await expect.poll(() => read(port)).toBe("from 10.244.0.1");
  const told = async () => {
    const { items } = await client.list(events, { namespace: "default" });
    return items
      .filter(({ involvedObject }) => involvedObject.name === "moved")
      .map(({ reason, type, message }) => ({ reason, type, message }));
  };
  await expect.poll(told).toEqual([
    {
      reason: "PortNotFree",
      type: "Warning",
      message: `Port 31974 of 127.0.0.1 is not free; 127.0.0.1:${port} leads to this Service instead`,
    },
  ]);
  holder.close();
});

test("the Service kubernetes leads to the API server", async () => {
  await client
    .create(services, {
      metadata: { namespace: "default", name: "kubernetes" },
      spec: { clusterIP: "10.96.0.1", ports: [{ name: "https", port: 443, targetPort: 6443 }] },
    })
    .catch(() => {});
  const slice = sliceOf("kubernetes", 6443, ["10.0.0.1"]);
  await client
    .create(endpointSlices, { ...slice, ports: [{ name: "https", port: 6443, protocol: "TCP" }] })
    .catch(() => {});
  await using program = runInPod(
    network.environment(pod, { proxy: false }),
    `${say}
    import https from "node:https";
    // The node hears of the Service a moment after it was created.
    const ask = () => https.get("https://kubernetes.default.svc/version", { ca: process.env.CA }, async (res) => say([res.statusCode, typeof (await res.toArray()).join("")]))
      .on("error", ({ code, message }) => performance.now() < 10_000 ? setTimeout(ask, 50) : say({ code, message }));
    ask();`,
    { CA: api.caCertificate },
  );
  expect(await program.next()).toEqual([expect.any(Number), "string"]);
});
