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

export function encodePodEnvironment(environment: PodEnvironment): string {
  return Buffer.from(JSON.stringify(environment)).toString("base64url");
}

/** Throws where the text is not what `encodePodEnvironment` made. */
export function decodePodEnvironment(text: string): PodEnvironment {
  return JSON.parse(Buffer.from(text, "base64url").toString()) as PodEnvironment;
}
