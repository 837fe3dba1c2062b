import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CoreV1Api, KubeConfig, VersionApi } from "@kubernetes/client-node";
import type { StartedK3sContainer } from "@testcontainers/k3s";
import { LabError } from "../errors/lab-error.ts";
import type { Cluster, StartedCluster, StartOptions } from "./cluster.ts";
import { keepOneDispatcher } from "./dispatcher.ts";
import { appImages, buildAppImages } from "./docker/app-image.ts";
import { explainEngineError } from "./docker/engine-errors.ts";
import { findEngine, type Engine } from "./docker/engine.ts";
import { type K3sClusterOptions, type K3sSettings, toK3sSettings } from "./docker/k3s-settings.ts";
import { folderOf, removeLeftovers } from "./docker/leftovers.ts";
import { NodeLog } from "./docker/node-log.ts";
import { clusterDnsReady } from "./docker/node-ready.ts";
import { hasImage, haveImage } from "./docker/pull.ts";
import { imagesOf, sideLoad } from "./docker/side-load.ts";
import { startNode } from "./docker/start-node.ts";
import { nodePortOf } from "./node-port.ts";
import { publicImages } from "./public-images.ts";

/** Real Kubernetes in one container: k3s, by testcontainers. */
export function k3sCluster(options: K3sClusterOptions = {}): Cluster {
  return {
    async start(start: StartOptions): Promise<StartedCluster> {
      const settings = toK3sSettings(options);
      const { signal, onPhase } = start;
      const engine = await findEngine();
      await removeLeftovers(engine);
      signal.throwIfAborted();
      const onPull = (name: string): void => onPhase?.(`pulling ${name}`);
      const image = await haveImage(engine, settings.image, { signal, onPull });
      onPhase?.(`k3s (${image})`);
      const log = new NodeLog();
      const node = await startNode({ engine, image, settings, log, signal });
      return joinNode({ engine, node, settings, log }, start);
    },
  };
}

interface Node {
  readonly engine: Engine;
  readonly node: StartedK3sContainer;
  readonly settings: K3sSettings;
  readonly log: NodeLog;
}

async function joinNode(started: Node, options: StartOptions): Promise<StartedCluster> {
  const { engine, node, settings, log } = started;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(node.getKubeConfig());
  const dispatcher = keepOneDispatcher(kubeConfig);
  let lost: string | undefined;
  const stop = once(async () => {
    if (log.hasEnded) lost = `the container of k3s ended by itself:\n${log.lastLines(5)}`;
    await dispatcher.close();
    if (!settings.keep) await removeNode(node);
  });
  try {
    const kubeConfigPath = await writeKubeConfig(node);
    const images = await bringImages(engine, node, options);
    options.onPhase?.("cluster DNS");
    await clusterDnsReady(kubeConfig, options.signal);
    const { gitVersion } = await kubeConfig.makeApiClient(VersionApi).getCode();
    return {
      description: `k3s in a container (Kubernetes ${gitVersion}, ${settings.image} on ${engine.name})`,
      serverVersion: gitVersion,
      kubeConfig,
      kubeConfigPath,
      addons: "install",
      can: (capability) => capability === "docker",
      outside: async (service) => {
        const object = await kubeConfig.makeApiClient(CoreV1Api).readNamespacedService(service);
        return { host: node.getHost(), port: node.getMappedPort(nodePortOf(object, service)) };
      },
      image: images.tag,
      wasLoaded: (reference) => images.loaded.has(reference),
      lost: () => lost,
      howToEnd: "npm run cluster -- down --name k3s",
      recentLog: () => log.lines(),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await dispatcher.close();
    if (!settings.keep) await removeNode(node).catch(() => undefined);
    throw options.signal.aborted ? options.signal.reason : withLog(error, settings, log);
  }
}

/** The labs' own image is built and side-loaded; public ones that the engine has need not be pulled again. */
async function bringImages(
  engine: Engine,
  node: StartedK3sContainer,
  { signal, onPhase }: StartOptions,
): Promise<{
  readonly tag: (reference: string) => string;
  readonly loaded: ReadonlySet<string>;
}> {
  onPhase?.("images");
  const apps = await appImages();
  await buildAppImages(engine, apps, signal);
  const there = await imagesOf(node);
  await sideLoad(engine, node, apps.references, there, signal);
  const loaded = new Set<string>();
  for (const { reference, neededBy } of publicImages) {
    if (neededBy === "k3s" || neededBy === "build" || !(await hasImage(engine, reference)))
      continue;
    try {
      await sideLoad(engine, node, [reference], there, signal);
      loaded.add(reference);
    } catch (error) {
      signal.throwIfAborted();
      // Some engines cannot save what they pulled for several platforms: the node can still pull.
      onPhase?.(`images: the node pulls ${reference} itself (${String(error)})`);
    }
  }
  return { tag: apps.tag, loaded };
}

async function writeKubeConfig(node: StartedK3sContainer): Promise<string> {
  const folder = folderOf(node.getId());
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "kubeconfig");
  await writeFile(path, node.getKubeConfig(), { mode: 0o600 });
  return path;
}

async function removeNode(node: StartedK3sContainer): Promise<void> {
  await rm(folderOf(node.getId()), { recursive: true, force: true });
  try {
    await node.stop({ remove: true, removeVolumes: true });
  } catch (error) {
    const explained = explainEngineError(error, "k3s");
    if (!(explained instanceof LabError)) throw error;
    const id = node.getId().slice(0, 12);
    throw new LabError(explained.code, `${explained.message}; its container ${id} may be left`, {
      advice: "The next run on k3s removes it.",
      cause: error,
    });
  }
}

function withLog(error: unknown, settings: K3sSettings, log: NodeLog): unknown {
  const explained = explainEngineError(error, settings.image);
  if (explained instanceof LabError && explained.code !== "CLUSTER_START_FAILED") return explained;
  const reason = explained instanceof Error ? explained.message : String(explained);
  return new LabError(
    "CLUSTER_START_FAILED",
    `k3s could not be used: ${reason}; the last lines of its log:\n${log.lastLines(15)}`,
    { cause: error },
  );
}

/** Runs the work at the first call; later calls wait for the same. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
