import { readFile } from "node:fs/promises";
import type { Clock } from "../../../time/clock.ts";
import type { UpstreamTls } from "../data-plane/upstream.ts";
import type { MeshWatch } from "./config/watch-mesh.ts";
import { WorkloadIdentity } from "./identity.ts";
import type { ProxySettings } from "./proxy-environment.ts";
import type { Cluster } from "./routing/cluster.ts";
import type { MeshEndpoint, MeshSnapshot } from "./routing/model.ts";
import { mutualTlsMode } from "./routing/peer-authentication.ts";

const tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** The SPIFFE name of a service account. */
export function spiffeName(
  snapshot: MeshSnapshot,
  namespace: string | undefined,
  serviceAccount: string | undefined,
): string {
  return `spiffe://${snapshot.meshConfig.trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** Gets the proxy its certificate from istiod. */
export async function obtainIdentity(
  mesh: MeshWatch,
  settings: ProxySettings,
  options: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly log: (message: string) => void;
  },
): Promise<WorkloadIdentity> {
  const identity = new WorkloadIdentity({
    clock: options.clock,
    caAddress: settings.caAddress,
    rootCertificate: mesh.rootCertificate,
    token: () => readFile(tokenFile, "utf8"),
    onError: (error) => options.log(`certificate: ${String(error)}`),
  });
  await identity.obtain(options.signal);
  return identity;
}

/**
 * TLS towards an endpoint. A DestinationRule's mode is used for every endpoint; without one, an endpoint
 * whose proxy takes mutual TLS gets it.
 */
export function upstreamTls(
  snapshot: MeshSnapshot,
  identity: WorkloadIdentity,
  cluster: Cluster,
  endpoint: MeshEndpoint,
): UpstreamTls | undefined {
  const mode = cluster.policy.tls?.mode;
  if (mode === "DISABLE") return undefined;
  if (mode === undefined && !isAutomatic(snapshot, cluster, endpoint)) return undefined;
  return identity.upstream(spiffeName(snapshot, endpoint.namespace, endpoint.serviceAccount));
}

function isAutomatic(snapshot: MeshSnapshot, cluster: Cluster, endpoint: MeshEndpoint): boolean {
  if (!snapshot.meshConfig.enableAutoMtls || !endpoint.mutualTls) return false;
  const workload = {
    namespace: endpoint.namespace ?? cluster.service.namespace,
    labels: endpoint.labels,
  };
  return mutualTlsMode(snapshot, workload, endpoint.port) !== "DISABLE";
}
