import { fileURLToPath } from "node:url";
import { systemClock } from "../time/clock.ts";
import { createApiServer } from "./apiserver/api-server.ts";
import { startControllers } from "./controllers/start-controllers.ts";
import { startKubelet } from "./kubelet/kubelet.ts";
import { startNetwork } from "./network/start-network.ts";

export interface EmbeddedOptions {
  /** Holds everything the cluster writes; its kubeconfig among it. */
  readonly stateDir: string;
  readonly name: string;
  /** Port of the API server. @default any free one */
  readonly port?: number | undefined;
  readonly signal: AbortSignal;
  readonly onPhase: (phase: string) => void;
}

export interface StartedEmbedded {
  /** "v1.36.1" */
  readonly serverVersion: string;
  stop(): Promise<void>;
}

const serverVersion = "v1.36.1";

/** Folders that are images, or hold some: the labs' apps and the stand-ins for public images. */
const imageFolders = ["../../fixtures", "images"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Starts the parts of an embedded cluster in this process, each after what it needs. */
export async function startEmbedded(options: EmbeddedOptions): Promise<StartedEmbedded> {
  const { stateDir, signal, onPhase } = options;
  const clock = systemClock;
  const parts = new AsyncDisposableStack();
  try {
    onPhase("API server");
    const api = createApiServer({ clock, clusterName: `kubelab-${options.name}` });
    const listening = parts.use(
      await api.listen({ stateDir, ...(options.port === undefined ? {} : { port: options.port }) }),
    );
    onPhase("network, controllers and kubelet");
    const { client, caCertificate } = api;
    // The pods' processes end before the network they use, and controllers before the server they ask.
    const unlinked = new AbortController().signal;
    const [network, controllers] = await Promise.all([
      startNetwork({
        stateDir,
        kubeconfigPath: listening.kubeConfigPath ?? "",
        signal: unlinked,
        clock,
      }),
      startControllers({ client, clock, signal: unlinked, caCertificate }),
    ]);
    parts.use(network);
    parts.use(controllers);
    api.usePodNetwork(network);
    const kubelet = parts.use(
      await startKubelet({ client, network, stateDir, imageFolders, clock, signal: unlinked }),
    );
    api.useNodeAgent(kubelet.agent);
    signal.throwIfAborted();
    return { serverVersion, stop: () => parts.disposeAsync() };
  } catch (error) {
    await parts.disposeAsync();
    throw error;
  }
}
