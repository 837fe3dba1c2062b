import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoreV1Api, KubeConfig, VersionApi } from "@kubernetes/client-node";
import type { StartedK3sContainer } from "@testcontainers/k3s";
import { LabError } from "../errors/lab-error.ts";
import type { Cluster, StartedCluster, StartOptions } from "./cluster.ts";
import { keepOneDispatcher } from "./dispatcher.ts";
import { buildAppImages, sideLoad, taggedByContent } from "./docker/app-image.ts";
import { explainEngineError, findEngine, type Engine } from "./docker/engine.ts";
import { k3sImage } from "./docker/k3s-image.ts";
import { LabK3sContainer } from "./docker/k3s-container.ts";
import { ownLabels, removeLeftovers } from "./docker/leftovers.ts";
import { clusterDnsReady } from "./docker/node-ready.ts";
import { nodePortOf } from "./kubeconfig.ts";

export interface K3sClusterOptions {
  /** @default KUBELAB_K3S_IMAGE or v1.35.8-k3s1 */
  readonly image?: string | undefined;
  /** @default KUBELAB_K3S_CGROUPNS or "host" */
  readonly cgroupNamespace?: "host" | "private" | undefined;
  /** The container stays when this process ends. @default false */
  readonly keep?: boolean | undefined;
}

/** Lines of the server's log kept for a failure's report. */
const logLinesKept = 200;

/** Real Kubernetes in one container: k3s, by testcontainers. */
export function k3sCluster(options: K3sClusterOptions = {}): Cluster {
  const image = options.image ?? k3sImage();
  return {
    async start(start: StartOptions): Promise<StartedCluster> {
      const engine = await findEngine();
      await removeLeftovers(engine);
      start.signal.throwIfAborted();
      start.onPhase?.(`k3s (${image})`);
      const log: string[] = [];
      const node = await startNode(engine, image, options, log);
      try {
        return await joinNode(engine, node, image, options, start, log);
      } catch (error) {
        await node.stop({ remove: true, removeVolumes: true });
        throw error;
      }
    },
  };
}

async function startNode(
  engine: Engine,
  image: string,
  options: K3sClusterOptions,
  log: string[],
): Promise<StartedK3sContainer> {
  const container = new LabK3sContainer({
    image,
    host: engine.host,
    cgroupVersion: engine.cgroupVersion,
    cgroupNamespace: options.cgroupNamespace ?? cgroupNamespaceOfEnvironment(),
    labels: ownLabels(options.keep === true),
    onLog: (line) => {
      log.push(line);
      if (log.length > logLinesKept) log.shift();
    },
  }).withAutoCleanup(options.keep !== true);
  try {
    return await container.start();
  } catch (error) {
    const explained = explainEngineError(error, image);
    if (explained instanceof LabError) throw explained;
    const reason = error instanceof Error ? error.message : String(error);
    throw new LabError(
      "CLUSTER_START_FAILED",
      `k3s did not become ready: ${reason}\n${log.slice(-15).join("\n")}`,
      {
        cause: error,
      },
    );
  }
}

async function joinNode(
  engine: Engine,
  node: StartedK3sContainer,
  image: string,
  options: K3sClusterOptions,
  { signal, onPhase }: StartOptions,
  log: readonly string[],
): Promise<StartedCluster> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(node.getKubeConfig());
  const dispatcher = keepOneDispatcher(kubeConfig);
  const folder = await mkdtemp(join(tmpdir(), "kubelab-k3s-"));
  const kubeConfigPath = join(folder, "kubeconfig");
  await writeFile(kubeConfigPath, node.getKubeConfig(), { mode: 0o600 });
  await chmod(folder, 0o700);
  const stop = once(async () => {
    await dispatcher.close();
    if (options.keep) return;
    await node.stop({ remove: true, removeVolumes: true });
    await rm(folder, { recursive: true, force: true });
  });
  try {
    onPhase?.("images");
    const tag = await taggedByContent();
    await buildAppImages(engine, tag);
    signal.throwIfAborted();
    await sideLoad(
      node,
      ["v1", "v2", "v3"].map((version) => tag(`kubelab/apps:${version}`)),
    );
    onPhase?.("cluster DNS");
    await clusterDnsReady(kubeConfig, signal);
    const { gitVersion } = await kubeConfig.makeApiClient(VersionApi).getCode();
    return {
      description: `k3s in a container (Kubernetes ${gitVersion}, ${image} on ${engine.name})`,
      serverVersion: gitVersion,
      kubeConfig,
      kubeConfigPath,
      addons: "install",
      can: (capability) => capability === "docker",
      outside: async (service) => {
        const object = await kubeConfig.makeApiClient(CoreV1Api).readNamespacedService(service);
        return { host: node.getHost(), port: node.getMappedPort(nodePortOf(object, service)) };
      },
      image: tag,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await dispatcher.close();
    await rm(folder, { recursive: true, force: true });
    throw signal.aborted ? signal.reason : withLog(error, log);
  }
}

function withLog(error: unknown, log: readonly string[]): unknown {
  if (error instanceof LabError || log.length === 0) return error;
  return new Error(
    `k3s could not be used; the last lines of its log:\n${log.slice(-15).join("\n")}`,
    { cause: error },
  );
}

function cgroupNamespaceOfEnvironment(): "host" | "private" {
  return process.env["KUBELAB_K3S_CGROUPNS"] === "private" ? "private" : "host";
}

/** Runs the work at the first call; later calls wait for the same. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
