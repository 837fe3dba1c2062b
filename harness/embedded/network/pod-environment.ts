import { fileURLToPath } from "node:url";
import type { PodSandbox } from "../pod-network.ts";
import type { Credential } from "./credential.ts";

/** What a pod's process is told about its network, in the environment variable KUBELAB_NETWORK. */
export interface PodEnvironment extends Credential {
  /** The control socket's path, or a named pipe. */
  readonly socket: string;
  readonly ip: string;
  readonly hostname: string;
}

/** Carries a PodEnvironment, as base64url JSON. */
export const networkVariable = "KUBELAB_NETWORK";
/** Carries the mount table: JSON [[path in the container, path on the host], …]. */
export const mountsVariable = "KUBELAB_MOUNTS";

const preload = fileURLToPath(new URL("preload.ts", import.meta.url));

/** The variables that put a Node process on the network as a part of the pod. */
export function podVariables(
  socket: string,
  { ip, hostname }: PodSandbox,
  credential: Credential,
): Record<string, string> {
  const environment: PodEnvironment = { ...credential, socket, ip, hostname };
  return {
    // Not --import: that is not done in a worker thread that is given its code as text.
    NODE_OPTIONS: `--require "${preload.replaceAll("\\", "\\\\")}"`,
    [networkVariable]: Buffer.from(JSON.stringify(environment)).toString("base64url"),
  };
}

/** Throws where the text is not what `podVariables` made. */
export function decodePodEnvironment(text: string): PodEnvironment {
  return JSON.parse(Buffer.from(text, "base64url").toString()) as PodEnvironment;
}
