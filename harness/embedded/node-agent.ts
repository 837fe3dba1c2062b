import type { Duplex, Readable, Writable } from "node:stream";
import type { ObjectKey } from "./client.ts";

export interface LogOptions {
  readonly container?: string | undefined;
  readonly follow?: boolean | undefined;
  readonly previous?: boolean | undefined;
  readonly timestamps?: boolean | undefined;
  readonly tailLines?: number | undefined;
  readonly sinceSeconds?: number | undefined;
  readonly sinceTime?: string | undefined;
  readonly limitBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExecOptions {
  readonly container?: string | undefined;
  readonly command: readonly string[];
  readonly stdin?: Readable | undefined;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly tty: boolean;
  readonly signal: AbortSignal;
}

/**
 * What the API server asks of the kubelet for pods/log, pods/exec, pods/attach and pods/portforward.
 * Rejects with a StatusError carrying the kubelet's literal message.
 */
export interface NodeAgent {
  logs(pod: ObjectKey, options: LogOptions): Promise<Readable>;
  /** Resolves with the exit code once the command ended and its output was written. */
  exec(pod: ObjectKey, options: ExecOptions): Promise<number>;
  /** As exec, but joins the container's own streams. */
  attach(pod: ObjectKey, options: Omit<ExecOptions, "command">): Promise<void>;
  /** A connection to the pod's port, from inside the pod's network. */
  connect(pod: ObjectKey, port: number, signal: AbortSignal): Promise<Duplex>;
}
