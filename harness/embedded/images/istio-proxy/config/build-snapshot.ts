import type { Pod, Service, ServicePort } from "kubernetes-types/core/v1";
import type { Endpoint, EndpointSlice } from "kubernetes-types/discovery/v1";
import {
  byAge,
  type MeshEndpoint,
  type MeshPort,
  type MeshService,
  type MeshSnapshot,
  type MeshWorkload,
} from "../routing/model.ts";
import { portProtocol } from "../routing/port-protocol.ts";
import { readMeshConfig } from "./mesh-config.ts";
import type { MeshObjects } from "./mesh-objects.ts";

const domain = "cluster.local";
const rootNamespace = "istio-system";
const serviceNameLabel = "kubernetes.io/service-name";

/** Computes what proxies route by from the API's objects. */
export function buildSnapshot(objects: MeshObjects): MeshSnapshot {
  const pods = new Map(objects.pods.map((pod) => [keyOf(pod), pod]));
  const slices = Map.groupBy(objects.endpointSlices, (slice) => {
    const { namespace, labels } = slice.metadata ?? {};
    return `${namespace}/${labels?.[serviceNameLabel]}`;
  });
  const services = objects.services
    .filter((service) => service.spec?.type !== "ExternalName")
    .map((service) => toMeshService(service, slices.get(keyOf(service)) ?? [], pods));
  const meshConfig = readMeshConfig(
    objects.configMaps.find((configMap) => keyOf(configMap) === `${rootNamespace}/istio`),
  );
  return {
    domain,
    rootNamespace,
    services: new Map(services.map((service) => [service.host, service])),
    virtualServices: objects.virtualServices.toSorted(byAge),
    destinationRules: objects.destinationRules.toSorted(byAge),
    gateways: objects.gateways.toSorted(byAge),
    peerAuthentications: objects.peerAuthentications.toSorted(byAge),
    authorizationPolicies: objects.authorizationPolicies.toSorted(byAge),
    workloads: new Map(objects.pods.map((pod) => [pod.status?.podIP ?? "", toWorkload(pod)])),
    meshConfig,
  };
}

function toWorkload(pod: Pod): MeshWorkload {
  const { namespace = "", labels = {}, ownerReferences } = pod.metadata ?? {};
  const owner = ownerReferences?.find((reference) => reference.controller);
  const hash = labels["pod-template-hash"];
  const ownerName = owner?.name ?? pod.metadata?.name ?? "";
  const isMeshed = labels["security.istio.io/tlsMode"] === "istio";
  const account = pod.spec?.serviceAccountName ?? "default";
  return {
    name: hash === undefined ? ownerName : ownerName.replace(new RegExp(`-${hash}$`), ""),
    namespace,
    labels,
    principal: isMeshed ? `spiffe://${domain}/ns/${namespace}/sa/${account}` : undefined,
  };
}

function keyOf(object: { readonly metadata?: { namespace?: string; name?: string } }): string {
  return `${object.metadata?.namespace}/${object.metadata?.name}`;
}

function toMeshService(
  service: Service,
  slices: readonly EndpointSlice[],
  pods: ReadonlyMap<string, Pod>,
): MeshService {
  const { name, namespace = "" } = service.metadata ?? {};
  const ports = (service.spec?.ports ?? []).filter((port) => port.protocol !== "UDP");
  const addresses = service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? ""];
  return {
    host: `${name}.${namespace}.svc.${domain}`,
    namespace,
    addresses: addresses.filter((address) => address !== "" && address !== "None"),
    headless: service.spec?.clusterIP === "None",
    external: false,
    ports: ports.map(toMeshPort),
    endpoints: new Map(ports.map((port) => [port.port, endpointsOf(port, slices, pods)])),
  };
}

function toMeshPort(port: ServicePort): MeshPort {
  return { name: port.name ?? "", port: port.port, protocol: portProtocol(port) };
}

function endpointsOf(
  servicePort: ServicePort,
  slices: readonly EndpointSlice[],
  pods: ReadonlyMap<string, Pod>,
): readonly MeshEndpoint[] {
  return slices.flatMap((slice) => {
    const port = slice.ports?.find((own) => (own.name ?? "") === (servicePort.name ?? ""))?.port;
    if (port === undefined) return [];
    return slice.endpoints.map((endpoint) => toMeshEndpoint(endpoint, port, slice, pods));
  });
}

function toMeshEndpoint(
  endpoint: Endpoint,
  port: number,
  slice: EndpointSlice,
  pods: ReadonlyMap<string, Pod>,
): MeshEndpoint {
  const namespace = endpoint.targetRef?.namespace ?? slice.metadata?.namespace ?? "";
  const isPod = endpoint.targetRef?.kind === "Pod";
  const pod = isPod ? pods.get(`${namespace}/${endpoint.targetRef?.name}`) : undefined;
  const labels = pod?.metadata?.labels ?? {};
  return {
    address: endpoint.addresses[0] ?? "",
    port,
    ready: endpoint.conditions?.ready ?? true,
    labels,
    mutualTls: labels["security.istio.io/tlsMode"] === "istio",
    pod: pod?.metadata?.name,
    namespace,
    serviceAccount: pod?.spec?.serviceAccountName ?? "default",
  };
}
