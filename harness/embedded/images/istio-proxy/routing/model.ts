import type { KubeObject } from "../../../resource.ts";
import type { AuthorizationPolicy } from "./authorization.ts";
import type { DestinationRule, Gateway, VirtualService } from "./istio-types.ts";
import type { MeshConfig } from "./mesh-config.ts";
import type { PeerAuthentication } from "./peer-authentication.ts";

/** What is spoken on a Service's port: declared by its name or appProtocol, or to be found out. */
export type PortProtocol = "http" | "http2" | "tcp" | "sniff";

export interface MeshPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: PortProtocol;
}

/** One place that a Service's port leads to. */
export interface MeshEndpoint {
  readonly address: string;
  readonly port: number;
  readonly ready: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** The sidecar there accepts mutual TLS. */
  readonly mutualTls: boolean;
  readonly pod?: string | undefined;
  readonly namespace?: string | undefined;
  readonly serviceAccount?: string | undefined;
}

/** A Service, or a host that a ServiceEntry adds. */
export interface MeshService {
  /** The full name: logic.default.svc.cluster.local. */
  readonly host: string;
  readonly namespace: string;
  /** ClusterIPs; none for a headless Service. */
  readonly addresses: readonly string[];
  readonly headless: boolean;
  readonly external: boolean;
  readonly ports: readonly MeshPort[];
  /** By Service port. */
  readonly endpoints: ReadonlyMap<number, readonly MeshEndpoint[]>;
}

/** A pod as metrics tell it apart. */
export interface MeshWorkload {
  /** The Deployment's name, or what else owns the pod. */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its SPIFFE name where it has a sidecar. */
  readonly principal: string | undefined;
}

/** Everything a proxy is configured from, as of one moment. */
export interface MeshSnapshot {
  /** cluster.local */
  readonly domain: string;
  /** istio-system */
  readonly rootNamespace: string;
  readonly services: ReadonlyMap<string, MeshService>;
  /** All lists of objects: oldest first. */
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: readonly DestinationRule[];
  readonly gateways: readonly Gateway[];
  readonly peerAuthentications: readonly PeerAuthentication[];
  readonly authorizationPolicies: readonly AuthorizationPolicy[];
  /** Pods by address. */
  readonly workloads: ReadonlyMap<string, MeshWorkload>;
  readonly meshConfig: MeshConfig;
}

/** Whom a configuration is computed for. */
export interface ProxyIdentity {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Oldest first, then by name: the order in which Istio lets one object win over another. */
export function byAge(a: KubeObject, b: KubeObject): number {
  const ageA = a.metadata?.creationTimestamp ?? "";
  const ageB = b.metadata?.creationTimestamp ?? "";
  if (ageA !== ageB) return ageA < ageB ? -1 : 1;
  const nameA = `${a.metadata?.name}.${a.metadata?.namespace}`;
  const nameB = `${b.metadata?.name}.${b.metadata?.namespace}`;
  return nameA < nameB ? -1 : nameA > nameB ? 1 : 0;
}

/** Whether an object is visible to proxies of a namespace; everywhere where it does not say. */
export function isExportedTo(
  exportTo: readonly string[] | undefined,
  ownNamespace: string,
  namespace: string,
): boolean {
  if (!exportTo || exportTo.length === 0) return true;
  return exportTo.some(
    (to) => to === "*" || to === namespace || (to === "." && ownNamespace === namespace),
  );
}

/** Whether all of `wanted` are among `labels`. */
export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(wanted ?? {}).every(([name, value]) => labels[name] === value);
}
