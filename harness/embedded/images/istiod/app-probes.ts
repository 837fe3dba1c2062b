import type { Container, ContainerPort, Probe } from "kubernetes-types/core/v1";

/** Probes as the proxy's agent is told them, by the path under which it answers for them. */
export type AppProbes = Record<string, Pick<Probe, "httpGet" | "tcpSocket" | "timeoutSeconds">>;

const kinds = [
  ["livenessProbe", "livez"],
  ["readinessProbe", "readyz"],
  ["startupProbe", "startupz"],
] as const;

/**
 * Points a container's HTTP and TCP probes at the proxy's agent, which asks the app from inside the pod:
 * so they pass when the proxy takes only mutual TLS. Exec and gRPC probes stay as they are.
 */
export function rewriteProbes(container: Container, probes: AppProbes): Container {
  const changed: Container = { ...container };
  for (const [field, suffix] of kinds) {
    const probe = container[field];
    if (!probe?.httpGet && !probe?.tcpSocket) continue;
    // The agent asks over plain HTTP and does not check certificates, so HTTPS stays with the kubelet.
    if (probe.httpGet?.scheme === "HTTPS") continue;
    const path = `/app-health/${container.name}/${suffix}`;
    const { httpGet, tcpSocket, ...timing } = probe;
    probes[path] = {
      ...(httpGet ? { httpGet: { ...httpGet, port: portNumber(httpGet.port, container) } } : {}),
      ...(tcpSocket
        ? { tcpSocket: { ...tcpSocket, port: portNumber(tcpSocket.port, container) } }
        : {}),
      ...(probe.timeoutSeconds === undefined ? {} : { timeoutSeconds: probe.timeoutSeconds }),
    };
    changed[field] = { ...timing, httpGet: { path, port: 15020, scheme: "HTTP" } };
  }
  return changed;
}

function portNumber(port: number | string, container: Container): number {
  if (typeof port === "number") return port;
  const named = container.ports?.find((own: ContainerPort) => own.name === port);
  return named?.containerPort ?? Number(port);
}
