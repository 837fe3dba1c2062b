import { type Clock, systemClock } from "../../../time/clock.ts";
import type { Client } from "../../client.ts";
import type { Downstream } from "../data-plane/exchange.ts";
import { becomeInterceptor, listenUnseen } from "../../network/interception.ts";
import { startAdmin } from "./admin.ts";
import { startAgentPorts } from "./agent-ports.ts";
import { type MeshWatch, watchMesh } from "./config/watch-mesh.ts";
import type { WorkloadIdentity } from "./identity.ts";
import { Inbound, type InboundOptions } from "./inbound.ts";
import { obtainIdentity, spiffeName, upstreamTls } from "./mutual-tls.ts";
import { observeRequests } from "./observe.ts";
import { Outbound } from "./outbound.ts";
import type { ProxySettings } from "./proxy-environment.ts";
import { judgeAccess, policiesFor } from "./routing/authorization.ts";
import { mutualTlsMode } from "./routing/peer-authentication.ts";
import { authorizeStage } from "./stages/authorize.ts";
import { certifyClientStage } from "./stages/certify-client.ts";
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
  const identity = await obtainIdentity(mesh, settings, options);
  const base = { clock, random: Math.random };
  const clusters = new ClusterManager(settings.namespace, mesh.snapshot(), {
    ...base,
    tlsFor: (cluster, endpoint) => upstreamTls(mesh.snapshot(), identity, cluster, endpoint),
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
    ...inboundSecurity(mesh, identity, settings, log),
    bind: (server, port) => listenUnseen(server, { address: settings.podIp, port }),
  });
  mesh.onChange((snapshot) => {
    clusters.update(snapshot);
    outbound.configurationChanged();
  });
  const observer = observeRequests(mesh.snapshot, settings, clock);
  const { metrics } = observer;
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
    observer.flush();
    process.exit(0);
  });
}

/** What the workload's policies ask of connections to it. */
function inboundSecurity(
  mesh: MeshWatch,
  identity: WorkloadIdentity,
  settings: ProxySettings,
  log: (message: string) => void,
): Pick<InboundOptions, "stages" | "tls" | "allowsConnection" | "onPlaintextRefused"> {
  const { snapshot } = mesh;
  const own = spiffeName(snapshot(), settings.namespace, settings.serviceAccount);
  return {
    stages: (port) => [authorizeStage(snapshot, settings, port), certifyClientStage(own)],
    tls: (port) => {
      const mode = mutualTlsMode(snapshot(), settings, port);
      return mode === "DISABLE" ? undefined : identity.listener(mode === "PERMISSIVE");
    },
    allowsConnection: (port, downstream) =>
      judgeAccess(policiesFor(snapshot(), settings), {
        principal: downstream.peerIdentity?.replace(/^spiffe:\/\//, ""),
        sourceIp: downstream.remoteAddress,
        port,
        request: undefined,
      }) === undefined,
    onPlaintextRefused: (downstream) => {
      if (snapshot().meshConfig.accessLogFile !== "") log(refusedConnectionLog(downstream));
    },
  };
}

// Envoy's log of a connection for which no filter chain fits.
function refusedConnectionLog(downstream: Downstream): string {
  const { localAddress, localPort, remoteAddress, remotePort } = downstream;
  const time = new Date(systemClock.now()).toISOString();
  const addresses = `${localAddress}:${localPort} ${remoteAddress}:${remotePort}`;
  return `[${time}] "- - -" 0 NR filter_chain_not_found - "-" 0 0 0 - "-" "-" "-" "-" "-" - - ${addresses} - -`;
}
