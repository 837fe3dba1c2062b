import type { Service } from "kubernetes-types/core/v1";
import type { EndpointSlice } from "kubernetes-types/discovery/v1";
import type { IngressServiceBackend } from "kubernetes-types/networking/v1";
import type { Endpoint } from "../data-plane/upstream.ts";

/** The Services and EndpointSlices that backends are made of. */
export interface ServiceView {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
}

/** ingress-nginx's name for a Service's port. */
export function backendName(namespace: string, { name, port }: IngressServiceBackend): string {
  return `${namespace}-${name}-${port?.name ?? port?.number ?? ""}`;
}

/** The ready endpoints of a Service's port, or why there can be none. */
export function endpointsOf(
  view: ServiceView,
  namespace: string,
  { name, port }: IngressServiceBackend,
): readonly Endpoint[] | string {
  const service = view.service(namespace, name);
  if (!service) return `service "${namespace}/${name}" does not exist`;
  const ports = service.spec?.ports ?? [];
  const wanted = ports.find((one) =>
    port?.name === undefined ? one.port === port?.number : one.name === port.name,
  );
  if (!wanted)
    return `service "${namespace}/${name}" has no port ${port?.name ?? port?.number ?? "(none given)"}`;
  if (service.spec?.type === "ExternalName")
    return `service "${namespace}/${name}" is of type ExternalName, which this controller does not know`;
  // Kubernetes writes null for a slice's empty lists.
  const found = view.slices(namespace, name).flatMap(({ ports: slicePorts, endpoints }) =>
    (slicePorts ?? [])
      .filter((one) => (one.name ?? "") === (wanted.name ?? ""))
      .flatMap(({ port: number = 0 }) =>
        (endpoints ?? [])
          // An endpoint that does not say whether it is ready counts as ready.
          .filter(({ conditions }) => conditions?.ready !== false)
          .flatMap(({ addresses }) => addresses.map((address) => ({ address, port: number }))),
      ),
  );
  const unique = new Map(
    found.map((endpoint) => [`${endpoint.address}:${endpoint.port}`, endpoint]),
  );
  return [...unique.values()];
}
