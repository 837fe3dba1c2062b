import { policyFor, rulesFor } from "./destination-rule.ts";
import type { TrafficPolicy } from "./istio-types.ts";
import {
  hasLabels,
  type MeshEndpoint,
  type MeshService,
  type MeshSnapshot,
  type PortProtocol,
} from "./model.ts";
import type { DestinationRef } from "./route.ts";

/** A destination with everything that is known of it: Envoy's cluster. */
export interface Cluster {
  /** "outbound|8080|v1|logic.default.svc.cluster.local" */
  readonly name: string;
  readonly service: MeshService;
  readonly protocol: PortProtocol;
  /** Ready ones and others. */
  readonly endpoints: readonly MeshEndpoint[];
  readonly policy: TrafficPolicy;
}

/** Envoy's name of an outbound cluster, as access logs and statistics show it. */
export function clusterName(destination: DestinationRef): string {
  return `outbound|${destination.port}|${destination.subset ?? ""}|${destination.host}`;
}

/** Finds a destination's cluster; undefined where the host, its port or the subset does not exist. */
export function resolveCluster(
  snapshot: MeshSnapshot,
  clientNamespace: string,
  destination: DestinationRef,
): Cluster | undefined {
  const service = snapshot.services.get(destination.host);
  const port = service?.ports.find((own) => own.port === destination.port);
  if (!service || !port) return undefined;
  const rules = rulesFor(snapshot, clientNamespace, destination.host);
  const subset =
    destination.subset === undefined ? undefined : rules?.subsets.get(destination.subset);
  if (destination.subset !== undefined && !subset) return undefined;
  const all = service.endpoints.get(destination.port) ?? [];
  return {
    name: clusterName(destination),
    service,
    protocol: port.protocol,
    endpoints: subset ? all.filter((endpoint) => hasLabels(endpoint.labels, subset.labels)) : all,
    policy: policyFor(rules, subset, destination.port),
  };
}
