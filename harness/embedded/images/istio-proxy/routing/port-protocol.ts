import type { PortProtocol } from "./model.ts";

// https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
const byName: Readonly<Record<string, PortProtocol>> = {
  http: "http",
  http2: "http2",
  grpc: "http2",
  "grpc-web": "http",
  https: "tcp",
  tcp: "tcp",
  tls: "tcp",
  mongo: "tcp",
  mysql: "tcp",
  redis: "tcp",
  udp: "tcp",
  "kubernetes.io/h2c": "http2",
  "kubernetes.io/ws": "http",
  "kubernetes.io/wss": "tcp",
};

/** Protocols in which the server speaks first, so that waiting for the client's words would hang. */
const serverFirstPorts = new Set([25, 53, 3306, 27017]);

/** What a Service port speaks: appProtocol, else the port's name up to its first dash, else unknown. */
export function portProtocol(port: {
  readonly name?: string | undefined;
  readonly appProtocol?: string | undefined;
  readonly port: number;
}): PortProtocol {
  if (port.appProtocol !== undefined) {
    const declared = byName[port.appProtocol.toLowerCase()];
    if (declared) return declared;
  }
  const name = (port.name ?? "").toLowerCase();
  const prefix = name.startsWith("grpc-web") ? "grpc-web" : name.split("-", 1)[0];
  const named = byName[prefix ?? ""];
  if (named) return named;
  return serverFirstPorts.has(port.port) ? "tcp" : "sniff";
}
