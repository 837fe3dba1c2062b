import { fileURLToPath } from "node:url";
import { systemClock } from "../time/clock.ts";
import { createApiServer } from "./apiserver/api-server.ts";
import { startControllers } from "./controllers/start-controllers.ts";
import { validateIstioObject } from "./images/istio-proxy/validation/validate-istio-object.ts";
import { startKubelet } from "./kubelet/kubelet.ts";
import { startNetwork } from "./network/start-network.ts";

export interface EmbeddedOptions {
  /** Holds everything the cluster writes; its kubeconfig among it. */
  readonly stateDir: string;
  readonly name: string;
  /** Port of the API server. @default any free one */
  readonly port?: number | undefined;
  /** The address that the API server and the Services' ways in listen on. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** Names and addresses that the API server's certificate is good for besides the usual ones. @default none */
  readonly certificateHosts?: readonly string[] | undefined;
  /** The ports that Services of type NodePort are given. @default 30000 to 32767 */
  readonly nodePorts?: { readonly first: number; readonly last: number } | undefined;
  /** Folders that are images, or hold some. @default the labs' apps and the stand-ins for public images */
  readonly imageFolders?: readonly string[] | undefined;
  /** What the node says runs its containers. @default "kubelab://processes" */
  readonly containerRuntime?: string | undefined;
  readonly signal: AbortSignal;
  readonly onPhase: (phase: string) => void;
}

export interface StartedEmbedded {
  /** "v1.36.1" */
  readonly serverVersion: string;
  stop(): Promise<void>;
}

const serverVersion = "v1.36.1";

const usualImageFolders = ["../../fixtures", "images"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** What Istio's own webhook would refuse, and what its stand-ins do not do. */
const istioChecks = {
  "networking.istio.io": validateIstioObject,
  "security.istio.io": validateIstioObject,
  "telemetry.istio.io": validateIstioObject,
};

/** Starts the parts of an embedded cluster in this process, each after what it needs. */
export async function startEmbedded(options: EmbeddedOptions): Promise<StartedEmbedded> {
  const { stateDir, signal, onPhase } = options;
  const clock = systemClock;
  const parts = new AsyncDisposableStack();
  try {
    onPhase("API server");
    const api = createApiServer({
      clock,
      clusterName: `kubelab-${options.name}`,
      nodePorts: options.nodePorts,
      checks: istioChecks,
    });
    const listening = parts.use(
      await api.listen({
        stateDir,
        port: options.port,
        host: options.host,
        certificateHosts: options.certificateHosts,
      }),
    );
    onPhase("network, controllers and kubelet");
    const { caCertificate, resources } = api;
    // The pods' processes end before the network they use, and controllers before the server they ask.
    const unlinked = new AbortController().signal;
    const [network, controllers] = await Promise.all([
      startNetwork({
        stateDir,
        kubeconfigPath: listening.kubeConfigPath ?? "",
        outsideHost: options.host,
        signal: unlinked,
        clock,
      }),
      startControllers({
        client: api.clientOf("kube-controller-manager"),
        clock,
        signal: unlinked,
        caCertificate,
        resources,
      }),
    ]);
    parts.use(network);
    parts.use(controllers);
    api.usePodNetwork(network);
    const kubelet = parts.use(
      await startKubelet({
        client: api.clientOf("kubelet"),
        network,
        stateDir,
        imageFolders: options.imageFolders ?? usualImageFolders,
        containerRuntime: options.containerRuntime,
        clock,
        signal: unlinked,
      }),
    );
    api.useNodeAgent(kubelet.agent);
    signal.throwIfAborted();
    return { serverVersion, stop: () => parts.disposeAsync() };
  } catch (error) {
    await parts.disposeAsync();
    throw error;
  }
}
