import type { Service } from "kubernetes-types/core/v1";
import type { EndpointSlice } from "kubernetes-types/discovery/v1";

/** One address and port behind a Service. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly hostname: string | undefined;
}

/** One TCP port of a Service as the node routes it. */
export interface ServicePort {
  readonly namespace: string;
  readonly service: string;
  readonly name: string;
  readonly port: number;
  readonly nodePort: number | undefined;
  /** Where new connections go: see `usableEndpoints`. */
  readonly endpoints: readonly Endpoint[];
  /** Seconds for which a client keeps its endpoint; absent without session affinity. */
  readonly affinitySeconds: number | undefined;
}

/** The rules of one moment, by "address:port" and by node port. */
export interface Routes {
  readonly byAddress: ReadonlyMap<string, ServicePort>;
  readonly byNodePort: ReadonlyMap<number, ServicePort>;
}

const serviceNameLabel = "kubernetes.io/service-name";
const defaultAffinitySeconds = 10_800;

/** Services and EndpointSlices as last seen in the API, and the rules that follow from them. No I/O. */
export class ServiceTable {
  readonly #services = new Map<string, Service>();
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();

  setService(service: Service): void {
    this.#services.set(keyOf(service.metadata), service);
  }

  deleteService(service: Service): void {
    this.#services.delete(keyOf(service.metadata));
  }

  setSlice(slice: EndpointSlice): void {
    const owner = ownerOf(slice);
    if (!owner) return;
    const slices = this.#slices.get(owner) ?? new Map<string, EndpointSlice>();
    this.#slices.set(owner, slices.set(slice.metadata?.name ?? "", slice));
  }

  deleteSlice(slice: EndpointSlice): void {
    const owner = ownerOf(slice);
    const slices = owner ? this.#slices.get(owner) : undefined;
    slices?.delete(slice.metadata?.name ?? "");
    if (owner && slices?.size === 0) this.#slices.delete(owner);
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#services.get(`${namespace}/${name}`);
  }

  services(): Iterable<Service> {
    return this.#services.values();
  }

  hasNamespace(namespace: string): boolean {
    for (const key of this.#services.keys()) if (key.startsWith(`${namespace}/`)) return true;
    return false;
  }

  /** Every endpoint of the Service's port of that name, each address and port once. */
  endpoints(namespace: string, name: string, portName: string): Endpoint[] {
    const found = new Map<string, Endpoint>();
    for (const slice of this.#slices.get(`${namespace}/${name}`)?.values() ?? [])
      for (const endpoint of endpointsOf(slice, portName))
        found.set(`${endpoint.address}:${endpoint.port}`, endpoint);
    return [...found.values()];
  }

  /** Every endpoint of the Service whatever the port: what DNS answers for a headless Service. */
  addresses(namespace: string, name: string): Endpoint[] {
    const found = new Map<string, Endpoint>();
    for (const slice of this.#slices.get(`${namespace}/${name}`)?.values() ?? [])
      for (const endpoint of (slice.endpoints ?? []).flatMap((raw) => toEndpoints(raw, 0)))
        found.set(endpoint.address, endpoint);
    return [...found.values()];
  }

  /** Compiles the rules, as kube-proxy does when it syncs. */
  toRoutes(): Routes {
    const byAddress = new Map<string, ServicePort>();
    const byNodePort = new Map<number, ServicePort>();
    for (const service of this.#services.values()) {
      if (service.spec?.type === "ExternalName") continue;
      for (const port of this.#ports(service)) {
        for (const address of addressesOf(service)) byAddress.set(`${address}:${port.port}`, port);
        if (port.nodePort) byNodePort.set(port.nodePort, port);
      }
    }
    return { byAddress, byNodePort };
  }

  #ports(service: Service): ServicePort[] {
    const { namespace = "", name = "" } = service.metadata ?? {};
    const ports = (service.spec?.ports ?? []).filter(
      ({ protocol }) => (protocol ?? "TCP") === "TCP",
    );
    return ports.map((port) => ({
      namespace,
      service: name,
      name: port.name ?? "",
      port: port.port,
      nodePort: port.nodePort,
      endpoints: usableEndpoints(this.endpoints(namespace, name, port.name ?? "")),
      affinitySeconds: affinityOf(service),
    }));
  }
}

/**
 * The endpoints that get new connections: the ready ones, or where none is, those that still serve while
 * they terminate. kube-proxy: CategorizeEndpoints (KEP-1669).
 */
export function usableEndpoints(all: readonly Endpoint[]): Endpoint[] {
  const ready = all.filter((endpoint) => endpoint.ready);
  if (ready.length > 0) return ready;
  return all.filter((endpoint) => endpoint.serving && endpoint.terminating);
}

function endpointsOf(slice: EndpointSlice, portName: string): Endpoint[] {
  const port = (slice.ports ?? []).find(
    ({ name, protocol }) => (name ?? "") === portName && (protocol ?? "TCP") === "TCP",
  )?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? []).flatMap((raw) => toEndpoints(raw, port));
}

type RawEndpoint = NonNullable<EndpointSlice["endpoints"]>[number];

function toEndpoints(raw: RawEndpoint, port: number): Endpoint[] {
  const ready = raw.conditions?.ready ?? true;
  return raw.addresses.map((address) => ({
    address,
    port,
    ready,
    serving: raw.conditions?.serving ?? ready,
    terminating: raw.conditions?.terminating ?? false,
    hostname: raw.hostname,
  }));
}

function addressesOf({ spec }: Service): string[] {
  const clusterIps = spec?.clusterIPs ?? [spec?.clusterIP ?? "None"];
  return [...clusterIps, ...(spec?.externalIPs ?? [])].filter((ip) => ip !== "None" && ip !== "");
}

function affinityOf({ spec }: Service): number | undefined {
  if (spec?.sessionAffinity !== "ClientIP") return undefined;
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds;
}

function ownerOf(slice: EndpointSlice): string | undefined {
  const name = slice.metadata?.labels?.[serviceNameLabel];
  return name === undefined ? undefined : `${slice.metadata?.namespace ?? ""}/${name}`;
}

const keyOf = (metadata: Service["metadata"]): string =>
  `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;
