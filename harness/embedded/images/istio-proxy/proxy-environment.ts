import type { AppProbe } from "./app-probe.ts";
import type { ProxyIdentity } from "./routing/model.ts";

/** What the injector tells a proxy about its pod, by environment variables with Istio's names. */
export interface ProxySettings extends ProxyIdentity {
  readonly podName: string;
  readonly podIp: string;
  readonly serviceAccount: string;
  readonly workload: string;
  /** istiod, where certificates come from. */
  readonly caAddress: string;
  readonly appProbes: Readonly<Record<string, AppProbe>>;
  readonly excludeInboundPorts: readonly number[];
  readonly excludeOutboundPorts: readonly number[];
}

/** Reads and checks the environment. */
export function readProxySettings(env: NodeJS.ProcessEnv): ProxySettings {
  const needed = (name: string): string => {
    const value = env[name];
    if (!value) throw new Error(`the environment variable ${name} is missing`);
    return value;
  };
  return {
    namespace: needed("POD_NAMESPACE"),
    podName: needed("POD_NAME"),
    podIp: needed("INSTANCE_IP"),
    serviceAccount: env["SERVICE_ACCOUNT"] ?? "default",
    caAddress: env["CA_ADDR"] ?? "istiod.istio-system.svc:15012",
    workload: env["ISTIO_META_WORKLOAD_NAME"] ?? "",
    labels: JSON.parse(env["ISTIO_METAJSON_LABELS"] ?? "{}") as Record<string, string>,
    appProbes: JSON.parse(env["ISTIO_KUBE_APP_PROBERS"] ?? "{}") as Record<string, AppProbe>,
    excludeInboundPorts: toPorts(env["ISTIO_EXCLUDE_INBOUND_PORTS"]),
    excludeOutboundPorts: toPorts(env["ISTIO_EXCLUDE_OUTBOUND_PORTS"]),
  };
}

function toPorts(list: string | undefined): readonly number[] {
  return (list ?? "")
    .split(",")
    .map(Number)
    .filter((port) => port > 0);
}
