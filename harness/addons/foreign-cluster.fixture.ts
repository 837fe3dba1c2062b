import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { keepOneDispatcher } from "../clusters/dispatcher.ts";
import { startEmbedded } from "../embedded/start.ts";
import type { AddonContext } from "./addon.ts";

/** A cluster that does not say that it is embedded: add-ons take the way of real clusters. */
export interface ForeignCluster extends AsyncDisposable {
  readonly context: AddonContext;
}

const folders = ["../embedded/images", "../clusters/docker/k3s-stand-in/images"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Starts one in this process; `images`: folders of the images that its node has. */
export async function startForeignCluster(
  signal: AbortSignal,
  images: readonly string[] = folders,
): Promise<ForeignCluster> {
  const stateDir = mkdtempSync(join(tmpdir(), "kubelab-foreign-"));
  const cluster = await startEmbedded({
    stateDir,
    name: "foreign",
    imageFolders: images,
    containerRuntime: "containerd://2.0.0-test",
    signal,
    onPhase: () => undefined,
  });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(join(stateDir, "kubeconfig"));
  const dispatcher = keepOneDispatcher(kubeConfig);
  return {
    context: { kubeConfig, signal, outside: (service) => outside(kubeConfig, service) },
    async [Symbol.asyncDispose]() {
      await dispatcher.close();
      await cluster.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

async function outside(
  kubeConfig: KubeConfig,
  { namespace, name, port }: { namespace: string; name: string; port: number },
) {
  const service = await kubeConfig
    .makeApiClient(CoreV1Api)
    .readNamespacedService({ namespace, name });
  const told = service.metadata?.annotations?.["kubelab.dev/outside"] ?? "{}";
  const address = (JSON.parse(told) as Record<string, string>)[String(port)] ?? "127.0.0.1:1";
  const [host = "", realPort] = address.split(":");
  return { host, port: Number(realPort) };
}
