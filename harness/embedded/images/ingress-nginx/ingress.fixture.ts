import type { Service } from "kubernetes-types/core/v1";
import type { EndpointSlice } from "kubernetes-types/discovery/v1";
import type { Ingress, IngressBackend } from "kubernetes-types/networking/v1";
import type { ClusterView } from "./build-routing.ts";

const namespace = "lab";

/** An Ingress in few words. For tests. */
export interface IngressSpec {
  readonly name?: string;
  /** Orders Ingresses by age. */
  readonly createdAt?: number;
  /** Without their prefix. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly defaultBackend?: string;
  readonly tls?: readonly { readonly hosts?: string[]; readonly secretName?: string }[];
  readonly rules?: readonly {
    readonly host?: string;
    readonly pathType?: string;
    /** Path to Service. */
    readonly paths: Readonly<Record<string, string>>;
  }[];
}

/** The object that the words mean. For tests. */
export function ingress(words: IngressSpec): Ingress {
  const { name = "main", createdAt = 1, annotations = {}, rules = [], tls = [] } = words;
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name,
      namespace,
      creationTimestamp: new Date(createdAt * 1000).toISOString(),
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [
          `nginx.ingress.kubernetes.io/${key}`,
          value,
        ]),
      ),
    },
    spec: {
      ingressClassName: "nginx",
      ...(words.defaultBackend ? { defaultBackend: backendOf(words.defaultBackend) } : {}),
      tls: [...tls],
      rules: rules.map(({ host, pathType = "Prefix", paths }) => ({
        ...(host === undefined ? {} : { host }),
        http: {
          paths: Object.entries(paths).map(([path, to]) => ({
            path,
            pathType,
            backend: backendOf(to),
          })),
        },
      })),
    },
  };
}

function backendOf(name: string): IngressBackend {
  return { service: { name, port: { number: 80 } } };
}

/** A Service whose port 80 is its pods' 8080. For tests. */
export function service(name: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { ports: [{ name: "http", port: 80 }] },
  };
}

/** The EndpointSlice of such a Service; an address may carry a port of its own. For tests. */
export function endpointSlice(
  name: string,
  addresses: readonly string[],
  port = 8080,
): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-x`, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: "http", port }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}

/** A cluster with these Services, by their pods' addresses. For tests. */
export function clusterOf(
  services: Readonly<Record<string, readonly string[]>>,
  ingresses: readonly Ingress[],
): ClusterView {
  return {
    ingresses,
    service: (_namespace, name) => (Object.hasOwn(services, name) ? service(name) : undefined),
    slices: (_namespace, name) => [endpointSlice(name, services[name] ?? [])],
    secret: () => undefined,
  };
}
