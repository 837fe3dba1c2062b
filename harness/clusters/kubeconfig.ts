import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ApisApi,
  CoreV1Api,
  type KubeConfig,
  VersionApi,
  type V1Node,
} from "@kubernetes/client-node";
import { LabError } from "../errors/lab-error.ts";
import type { Capability, Cluster, OutsideAddress, StartedCluster } from "./cluster.ts";
import { keepOneDispatcher } from "./dispatcher.ts";
import { mayHaveEngine } from "./docker/usable.ts";
import { type ContextChoice, loadContext } from "./named-context.ts";
import { nodePortOf, type ServicePort } from "./node-port.ts";
import { mustBeAllowed } from "./permissions.ts";
import { unreachable } from "./unreachable.ts";

export interface KubeconfigClusterOptions extends ContextChoice {
  /** Put before the labs' own image names: "registry.example.com/team". @default none */
  readonly registry?: string | undefined;
  /** Add-ons that are missing are installed, and removed again at the end. @default false */
  readonly install?: boolean | undefined;
  /** Host by which node ports are reached. @default KUBELAB_OUTSIDE_HOST, else an address of a node */
  readonly outsideHost?: string | undefined;
}

/** The oldest server the labs are written for: native sidecars and the retained API versions. */
const oldestMinor = 29;

/** A cluster that exists already, by its kubeconfig context. Only namespaces of the labs' own are touched. */
export function kubeconfigCluster(options: KubeconfigClusterOptions): Cluster {
  return {
    async start({ onPhase, signal }): Promise<StartedCluster> {
      const kubeConfig = loadContext(options);
      onPhase?.(`context ${kubeConfig.currentContext}`);
      const parts = new AsyncDisposableStack();
      const dispatcher = keepOneDispatcher(kubeConfig);
      parts.defer(() => dispatcher.close());
      try {
        signal.throwIfAborted();
        return await joinCluster(kubeConfig, options, parts);
      } catch (error) {
        await parts.disposeAsync();
        throw error;
      }
    },
  };
}

async function joinCluster(
  kubeConfig: KubeConfig,
  options: KubeconfigClusterOptions,
  parts: AsyncDisposableStack,
): Promise<StartedCluster> {
  const serverVersion = await versionOf(kubeConfig);
  const install = options.install ?? false;
  await mustBeAllowed(kubeConfig, { install });
  const capabilities = await capabilitiesOf(kubeConfig);
  const registry = options.registry?.replace(/\/+$/, "");
  const outsideHost = options.outsideHost ?? process.env["KUBELAB_OUTSIDE_HOST"];
  const stop = (): Promise<void> => parts.disposeAsync();
  return {
    description: `${kubeConfig.currentContext} (Kubernetes ${serverVersion}, ${kubeConfig.getCurrentCluster()?.server})`,
    serverVersion,
    kubeConfig,
    kubeConfigPath: await writeContext(kubeConfig, parts),
    addons: install ? "install-and-remove" : "use",
    can: (capability) => capabilities.has(capability),
    outside: (service) => outsideAddress(kubeConfig, service, outsideHost),
    image: (reference) =>
      registry && reference.startsWith("kubelab/") ? `${registry}/${reference}` : reference,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The context as a file of its own: the reader's kubeconfig may have another as its current one. */
async function writeContext(kubeConfig: KubeConfig, parts: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kubelab-context-"));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "kubeconfig");
  await writeFile(path, kubeConfig.exportConfig(), { mode: 0o600 });
  return path;
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

/** Whether load balancers come is not known before one does: only a cloud's nodes promise it. */
async function capabilitiesOf(kubeConfig: KubeConfig): Promise<ReadonlySet<Capability>> {
  const [{ groups }, { items }] = await Promise.all([
    kubeConfig.makeApiClient(ApisApi).getAPIVersions(),
    kubeConfig.makeApiClient(CoreV1Api).listNode(),
  ]);
  const capabilities = new Set<Capability>();
  if (mayHaveEngine()) capabilities.add("docker");
  if (groups.some(({ name }) => name === "gateway.networking.k8s.io"))
    capabilities.add("gateway-api");
  const isCloud = ({ spec }: V1Node): boolean =>
    /^(aws|azure|gce|do|oci|hcloud):/.test(spec?.providerID ?? "");
  if (items.some(isCloud)) capabilities.add("load-balancer");
  return capabilities;
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
  if (host !== undefined) return { host, port: nodePort };
  throw new LabError(
    "SERVICE_NOT_OUTSIDE",
    "no node of the cluster has an address that could be reached from here",
    { advice: "Name the host by which node ports are reached: KUBELAB_OUTSIDE_HOST." },
  );
}

function addressOf(node: V1Node): string | undefined {
  const addresses = node.status?.addresses ?? [];
  const byType = (type: string): string | undefined =>
    addresses.find((address) => address.type === type)?.address;
  return byType("ExternalIP") ?? byType("InternalIP");
}
