import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { bindTo } from "../harness/embedded/images/data-plane/listener.ts";
import { Inbound } from "../harness/embedded/images/istio-proxy/inbound.ts";
import { Outbound } from "../harness/embedded/images/istio-proxy/outbound.ts";
import type {
  MeshEndpoint,
  MeshSnapshot,
} from "../harness/embedded/images/istio-proxy/routing/model.ts";
import { ClusterManager } from "../harness/embedded/images/istio-proxy/upstreams/cluster-manager.ts";
import { systemClock } from "../harness/time/clock.ts";

/** One line for --list. */
export const about = "what a pair of sidecars adds to a request";

const requests = 3000;
const warmUp = 500;

/** Times one kept-alive connection's requests to a server, directly and through two sidecars. */
export default async function benchMesh(signal: AbortSignal): Promise<void> {
  const app = createServer((_request, response) => void response.end("ok"));
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  const appPort = (app.address() as AddressInfo).port;
  const environment = { clock: systemClock, random: Math.random };
  const inbound = new Inbound({
    clock: systemClock,
    podIp: "10.244.0.9",
    snapshot: () => meshOf([]),
    stages: () => [],
    tls: () => undefined,
    allowsConnection: () => true,
    onPlaintextRefused: () => undefined,
    bind: (server) => bindTo(0, "127.0.0.1")(server),
  });
  const snapshot = meshOf([endpointAt(await inbound.portFor(appPort))]);
  const noTls = () => undefined;
  const clusters = new ClusterManager("bench", snapshot, { ...environment, tlsFor: noTls });
  const outbound = new Outbound({
    environment: { ...environment, clusters },
    proxy: { namespace: "bench", labels: {} },
    snapshot: () => snapshot,
    stages: [],
    bind: (server) => bindTo(0, "127.0.0.1")(server),
  });
  const sidecarPort = await outbound.portFor({ ip: "10.96.0.9", port: 8080 });
  try {
    const direct = await time(appPort, signal);
    const meshed = await time(sidecarPort, signal);
    console.log(
      `${requests} requests on one connection; client, proxies and app share one process`,
    );
    console.log(`  direct          median ${direct.toFixed(3)} ms`);
    console.log(`  through a pair  median ${meshed.toFixed(3)} ms`);
    console.log(`  added           ${(meshed - direct).toFixed(3)} ms`);
  } finally {
    await outbound.stop();
    await inbound.stop();
    clusters.close();
    app.closeAllConnections();
    app.close();
  }
}

async function time(port: number, signal: AbortSignal): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const took: number[] = [];
  for (let i = 0; i < requests + warmUp; i += 1) {
    signal.throwIfAborted();
    const started = performance.now();
    const asking = get({ host: "127.0.0.1", port, agent, headers: { host: "logic" } });
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
    response.resume();
    await once(response, "end");
    if (i >= warmUp) took.push(performance.now() - started);
  }
  agent.destroy();
  return took.toSorted((a, b) => a - b)[requests / 2] ?? Number.NaN;
}

function endpointAt(port: number): MeshEndpoint {
  return { address: "127.0.0.1", port, ready: true, labels: {}, mutualTls: false };
}

function meshOf(endpoints: readonly MeshEndpoint[]): MeshSnapshot {
  const host = "logic.bench.svc.cluster.local";
  const service = {
    host,
    namespace: "bench",
    addresses: ["10.96.0.9"],
    headless: false,
    external: false,
    ports: [{ name: "http", port: 8080, protocol: "http" as const }],
    endpoints: new Map([[8080, endpoints]]),
  };
  return {
    domain: "cluster.local",
    rootNamespace: "istio-system",
    services: new Map([[host, service]]),
    virtualServices: [],
    destinationRules: [],
    gateways: [],
    peerAuthentications: [],
    authorizationPolicies: [],
    workloads: new Map(),
    meshConfig: {
      accessLogFile: "",
      outboundTrafficPolicy: "ALLOW_ANY",
      enableAutoMtls: true,
      trustDomain: "cluster.local",
    },
  };
}
