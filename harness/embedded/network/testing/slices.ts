import type { EndpointSlice } from "kubernetes-types/discovery/v1";

/** A slice of ready endpoints for the Service's unnamed port. */
export function sliceOf(name: string, port: number, ips: readonly string[]): EndpointSlice {
  return {
    addressType: "IPv4",
    metadata: {
      namespace: "default",
      name: `${name}-abcde`,
      labels: { "kubernetes.io/service-name": name },
    },
    ports: [{ name: "", port, protocol: "TCP" }],
    endpoints: ips.map((ip) => ({
      addresses: [ip],
      conditions: { ready: true, serving: true, terminating: false },
    })),
  };
}
