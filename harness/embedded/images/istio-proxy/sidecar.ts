import type { Clock } from "../../../time/clock.ts";
import type { Client } from "../../client.ts";
import { becomeInterceptor, listenUnseen } from "../../network/interception.ts";
import { startAdmin } from "./admin.ts";
import { startAgentPorts } from "./agent-ports.ts";
import { watchMesh } from "./config/watch-mesh.ts";
import { Inbound } from "./inbound.ts";
import { observeRequests } from "./observe.ts";
import { Outbound } from "./outbound.ts";
import type { ProxySettings } from "./proxy-environment.ts";
import { ClusterManager } from "./upstreams/cluster-manager.ts";

/** Ports of the proxy itself, which are not captured. */
const ownPorts = [15020, 15021, 15090];

export interface ProxyRunOptions {
  readonly client: Client;
  readonly settings: ProxySettings;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: (message: string) => void;
}

/** Runs as the pod's sidecar until the process ends. */
export async function runSidecar(options: ProxyRunOptions): Promise<void> {
  const { client, settings, clock, signal, log } = options;
  let isReady = false;
  let isOver = false;
  const mesh = await watchMesh(client, {
    clock,
    signal,
    onError: (error) => log(`watch: ${String(error)}`),
  });
  const base = { clock, random: Math.random };
  const clusters = new ClusterManager(settings.namespace, mesh.snapshot(), {
    ...base,
    tlsFor: () => undefined,
  });
  const outbound = new Outbound({
    environment: { ...base, clusters },
    proxy: settings,
    snapshot: mesh.snapshot,
    stages: [],
    bind: (server, { ip, port }) => listenUnseen(server, { address: ip, port }),
  });
  const inbound = new Inbound({
    clock,
    podIp: settings.podIp,
    snapshot: mesh.snapshot,
    stages: [],
    tls: () => undefined,
    bind: (server, port) => listenUnseen(server, { address: settings.podIp, port }),
  });
  mesh.onChange((snapshot) => {
    clusters.update(snapshot);
    outbound.configurationChanged();
  });
  const accessLog = observeRequests(mesh.snapshot, clock);
  const metrics = (): string => "";
  const tables = () => outbound.tables;
  startAdmin({ snapshot: mesh.snapshot, tables, clusters, metrics, isReady: () => isReady });
  startAgentPorts({
    isReady: () => isReady && !isOver,
    metrics,
    appProbes: settings.appProbes,
    podIp: settings.podIp,
    onDrain: () => (isOver = true),
    onQuit: () => process.exit(0),
  });
  await becomeInterceptor({
    onOutbound: ({ ip, port }) => outbound.portFor({ ip, port }),
    onInbound: (port) => inbound.portFor(port),
    excludeInboundPorts: [...ownPorts, ...settings.excludeInboundPorts],
    excludeOutboundPorts: settings.excludeOutboundPorts,
  });
  isReady = true;
  log("Envoy proxy is ready");
  process.once("SIGTERM", () => {
    // By now the app's containers have ended: nobody is left to wait for.
    accessLog.flush();
    process.exit(0);
  });
}
