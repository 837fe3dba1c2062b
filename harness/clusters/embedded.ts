import { CoreV1Api, KubeConfig, VersionApi } from "@kubernetes/client-node";
import { LabError } from "../errors/lab-error.ts";
import {
  runningClusters,
  spawnEmbeddedCluster,
  type SpawnedCluster,
  stopEmbeddedCluster,
  uniqueClusterName,
} from "../embedded/index.ts";
import type {
  Capability,
  Cluster,
  OutsideAddress,
  StartedCluster,
  StartOptions,
} from "./cluster.ts";
import { keepOneDispatcher } from "./dispatcher.ts";

export interface EmbeddedClusterOptions {
  /** @default a name no other cluster has */
  readonly name?: string | undefined;
  /** Port of the API server. @default any free one */
  readonly port?: number | undefined;
  /** Lives on after this process ends. @default false */
  readonly keep?: boolean | undefined;
}

const capabilities: ReadonlySet<Capability> = new Set(["load-balancer"]);

/** Our own cluster: processes on this machine, no Docker. */
export function embeddedCluster(options: EmbeddedClusterOptions = {}): Cluster {
  return {
    async start({ signal, onPhase }: StartOptions): Promise<StartedCluster> {
      const name = options.name ?? uniqueClusterName("lab");
      const spawned = await spawnEmbeddedCluster({
        name,
        port: options.port,
        detached: options.keep,
        signal,
        onPhase,
      });
      return joinEmbedded(spawned, options.keep === true);
    },
  };
}

/** The embedded cluster of this name that runs already; disposing it leaves it running. */
export async function runningEmbeddedCluster(name: string): Promise<StartedCluster> {
  const folder = runningClusters().find((cluster) => cluster.name === name);
  if (!folder)
    throw new LabError("CLUSTER_NOT_RUNNING", `no embedded cluster "${name}" runs`, {
      facts: { received: name },
    });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(folder.kubeConfigPath);
  const { gitVersion } = await kubeConfig.makeApiClient(VersionApi).getCode();
  const stop = () => stopEmbeddedCluster(name);
  return joinEmbedded({ folder, serverVersion: gitVersion, stop }, true);
}

/** Speaks to an embedded cluster that runs; disposing it ends the cluster unless it is to be kept. */
function joinEmbedded(spawned: SpawnedCluster, keep: boolean): StartedCluster {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(spawned.folder.kubeConfigPath);
  const dispatcher = keepOneDispatcher(kubeConfig);
  const stop = async (): Promise<void> => {
    await dispatcher.close();
    if (!keep) await spawned.stop();
  };
  return {
    description: `embedded (Kubernetes ${spawned.serverVersion} API, no Docker)`,
    serverVersion: spawned.serverVersion,
    kubeConfig,
    kubeConfigPath: spawned.folder.kubeConfigPath,
    addons: "install",
    can: (capability) => capabilities.has(capability),
    outside: (service) => outsideAddress(kubeConfig, service),
    image: (reference) => reference,
    lost: () => spawned.lost?.(),
    howToEnd: `npm run cluster -- down --name ${spawned.folder.name}`,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The node proxy writes where it listens for each port of a NodePort or LoadBalancer Service. */
const outsideAnnotation = "kubelab.dev/outside";

async function outsideAddress(
  kubeConfig: KubeConfig,
  {
    namespace,
    name,
    port,
  }: { readonly namespace: string; readonly name: string; readonly port: number },
): Promise<OutsideAddress> {
  const service = await kubeConfig
    .makeApiClient(CoreV1Api)
    .readNamespacedService({ namespace, name });
  const listeners = JSON.parse(
    service.metadata?.annotations?.[outsideAnnotation] ?? "{}",
  ) as Record<string, string>;
  const address = listeners[String(port)];
  if (address === undefined)
    throw new LabError(
      "SERVICE_NOT_OUTSIDE",
      `Service ${namespace}/${name} (${service.spec?.type ?? "ClusterIP"}) has no way in from outside for port ${port}`,
    );
  const separator = address.lastIndexOf(":");
  return { host: address.slice(0, separator), port: Number(address.slice(separator + 1)) };
}
