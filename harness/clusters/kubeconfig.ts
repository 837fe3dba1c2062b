import { CoreV1Api, KubeConfig, VersionApi, type V1Node } from "@kubernetes/client-node";
import { LabError } from "../errors/lab-error.ts";
import type { Cluster, OutsideAddress, StartedCluster } from "./cluster.ts";
import { keepOneDispatcher } from "./dispatcher.ts";
import { nodePortOf, type ServicePort } from "./node-port.ts";
import { unreachable } from "./unreachable.ts";

export interface KubeconfigClusterOptions {
  /** The context to use; it has to be named, the current one is never taken by itself. */
  readonly context: string | undefined;
  /** Go on although the context looks like production. @default false */
  readonly yes?: boolean | undefined;
  /** Put before the labs' own image names: "registry.example.com/team". @default none */
  readonly registry?: string | undefined;
  /** Add-ons that are missing are installed, and removed again at the end. @default false */
  readonly install?: boolean | undefined;
  /** Host by which node ports are reached. @default an address of a node */
  readonly outsideHost?: string | undefined;
}

/** The oldest server the labs are written for: native sidecars and the retained API versions. */
const oldestMinor = 29;

/** Names that people give to clusters where a lab has no business. */
const production = /(^|[^a-z])(prod|production|prd|live)([^a-z]|$)/i;

/** A cluster that exists already, by its kubeconfig context. Only namespaces of the labs' own are touched. */
export function kubeconfigCluster(options: KubeconfigClusterOptions): Cluster {
  return {
    async start({ onPhase, signal }): Promise<StartedCluster> {
      const kubeConfig = loadContext(options);
      onPhase?.(`context ${kubeConfig.currentContext}`);
      const dispatcher = keepOneDispatcher(kubeConfig);
      try {
        signal.throwIfAborted();
        return await join(kubeConfig, options, () => dispatcher.close());
      } catch (error) {
        await dispatcher.close();
        throw error;
      }
    },
  };
}

function loadContext({ context, yes }: KubeconfigClusterOptions): KubeConfig {
  const kubeConfig = new KubeConfig();
  try {
    kubeConfig.loadFromDefault();
  } catch (error) {
    throw new LabError("KUBECONFIG_INVALID", `the kubeconfig cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const names = kubeConfig.getContexts().map(({ name }) => name);
  if (context === undefined)
    throw new LabError(
      "CONTEXT_NOT_NAMED",
      `no context was named; the kubeconfig has ${list(names)}`,
    );
  if (!names.includes(context))
    throw new LabError(
      "CONTEXT_UNKNOWN",
      `no context ${context} in the kubeconfig; it has ${list(names)}`,
    );
  kubeConfig.setCurrentContext(context);
  const server = kubeConfig.getCurrentCluster()?.server ?? "";
  if (!yes && (production.test(context) || production.test(server)))
    throw new LabError(
      "CONTEXT_LOOKS_LIKE_PRODUCTION",
      `context ${context} (${server}) looks like production`,
    );
  return kubeConfig;
}

async function join(
  kubeConfig: KubeConfig,
  options: KubeconfigClusterOptions,
  close: () => Promise<void>,
): Promise<StartedCluster> {
  const serverVersion = await versionOf(kubeConfig);
  const registry = options.registry?.replace(/\/+$/, "");
  return {
    description: `${kubeConfig.currentContext} (Kubernetes ${serverVersion}, ${kubeConfig.getCurrentCluster()?.server})`,
    serverVersion,
    kubeConfig,
    kubeConfigPath: process.env["KUBECONFIG"] ?? "~/.kube/config",
    addons: options.install ? "install-and-remove" : "use",
    can: () => true,
    outside: (service) => outsideAddress(kubeConfig, service, options.outsideHost),
    image: (reference) =>
      registry && reference.startsWith("kubelab/") ? `${registry}/${reference}` : reference,
    stop: close,
    [Symbol.asyncDispose]: close,
  };
}

async function versionOf(kubeConfig: KubeConfig): Promise<string> {
  let version;
  try {
    version = await kubeConfig.makeApiClient(VersionApi).getCode();
  } catch (error) {
    throw unreachable(kubeConfig, error);
  }
  if (Number(version.major) === 1 && Number.parseInt(version.minor, 10) < oldestMinor)
    throw new LabError(
      "CLUSTER_TOO_OLD",
      `the cluster runs Kubernetes ${version.gitVersion}; the labs need v1.${oldestMinor} or later`,
    );
  return version.gitVersion;
}

/** A load balancer's own address where there is one, else a node's address with the node port. */
async function outsideAddress(
  kubeConfig: KubeConfig,
  wanted: ServicePort,
  outsideHost: string | undefined,
): Promise<OutsideAddress> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const service = await core.readNamespacedService({
    name: wanted.name,
    namespace: wanted.namespace,
  });
  const balancer = service.status?.loadBalancer?.ingress?.[0];
  const balancerHost = balancer?.ip ?? balancer?.hostname;
  if (balancerHost && outsideHost === undefined) return { host: balancerHost, port: wanted.port };
  const nodePort = nodePortOf(service, wanted);
  if (outsideHost !== undefined) return { host: outsideHost, port: nodePort };
  const { items } = await core.listNode();
  const host = items.map(addressOf).find((address) => address !== undefined);
  if (host === undefined)
    throw new LabError(
      "SERVICE_NOT_OUTSIDE",
      "no node of the cluster has an address that could be reached from here",
    );
  return { host, port: nodePort };
}

function addressOf(node: V1Node): string | undefined {
  const addresses = node.status?.addresses ?? [];
  const byType = (type: string): string | undefined =>
    addresses.find((address) => address.type === type)?.address;
  return byType("ExternalIP") ?? byType("InternalIP");
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "no contexts" : names.join(", ");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
