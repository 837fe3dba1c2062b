import type { AuthorizationPolicy } from "./authorization.ts";
import type { PeerAuthentication } from "./peer-authentication.ts";
import type { HeaderMap } from "../../data-plane/exchange.ts";
import type { DestinationRule, Gateway, VirtualService } from "./istio-types.ts";
import type { MeshEndpoint, MeshService, MeshSnapshot, PortProtocol } from "./model.ts";
import { defaultMeshConfig, type MeshConfig } from "./mesh-config.ts";
import type { RequestView } from "./route.ts";

/** A ready endpoint of a version. For tests. */
export function endpoint(address: string, version = "v1"): MeshEndpoint {
  const labels = { app: "logic", version };
  return { address, port: 8080, ready: true, labels, mutualTls: false, pod: `logic-${version}` };
}

/** A Service in namespace "lab" with one port. For tests. */
export function service(
  name: string,
  endpoints: readonly MeshEndpoint[] = [],
  port = 8080,
  protocol: PortProtocol = "http",
): MeshService {
  return {
    host: `${name}.lab.svc.cluster.local`,
    namespace: "lab",
    addresses: [`10.96.0.${name.length}`],
    headless: false,
    external: false,
    ports: [{ name: "http", port, protocol }],
    endpoints: new Map([[port, endpoints]]),
  };
}

/** A mesh of these objects. For tests. */
export function snapshot(objects: {
  readonly services?: readonly MeshService[];
  readonly virtualServices?: readonly VirtualService[];
  readonly destinationRules?: readonly DestinationRule[];
  readonly gateways?: readonly Gateway[];
  readonly peerAuthentications?: readonly PeerAuthentication[];
  readonly authorizationPolicies?: readonly AuthorizationPolicy[];
  readonly meshConfig?: Partial<MeshConfig>;
}): MeshSnapshot {
  return {
    domain: "cluster.local",
    rootNamespace: "istio-system",
    services: new Map((objects.services ?? []).map((one) => [one.host, one])),
    virtualServices: objects.virtualServices ?? [],
    destinationRules: objects.destinationRules ?? [],
    gateways: objects.gateways ?? [],
    peerAuthentications: objects.peerAuthentications ?? [],
    authorizationPolicies: objects.authorizationPolicies ?? [],
    workloads: new Map(),
    meshConfig: { ...defaultMeshConfig, ...objects.meshConfig },
  };
}

/** A VirtualService in namespace "lab". For tests. */
export function virtualService(
  spec: NonNullable<VirtualService["spec"]>,
  name = "logic",
): VirtualService {
  return { metadata: { name, namespace: "lab" }, spec };
}

/** A request as routes see it. For tests. */
export function get(path: string, headers: HeaderMap = {}, authority = "logic:8080"): RequestView {
  return { method: "GET", path, scheme: "http", authority, headers };
}
