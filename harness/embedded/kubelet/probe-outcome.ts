import type { Container } from "kubernetes-types/core/v1";
import type { PodNetwork } from "../pod-network.ts";
import type { CommandResult } from "./container-command.ts";

/** What one probe found. */
export interface ProbeOutcome {
  readonly success: boolean;
  readonly message: string;
  /** Nobody listened. */
  readonly refused?: boolean;
  /** The probe itself could not be made: it counts neither way. */
  readonly errored?: boolean;
  /** It succeeded, and this is to be said of it. */
  readonly warning?: string;
}

export interface ProbeTarget {
  readonly network: PodNetwork;
  readonly ip: string;
  readonly container: Container;
  /** Runs a command in the container; the signal is the probe's timeout. */
  readonly exec: (command: readonly string[], signal: AbortSignal) => Promise<CommandResult>;
}

/** What Go says of a connection that could not be made. */
export function failedConnect(
  error: unknown,
  address: string,
): ProbeOutcome & { refused: boolean } {
  const { code = "" } = error as NodeJS.ErrnoException;
  const refused = code === "ECONNREFUSED";
  const why = refused
    ? "connect: connection refused"
    : code === "EHOSTUNREACH" || code === "ENETUNREACH"
      ? "connect: no route to host"
      : "i/o timeout";
  return { success: false, refused, message: `dial tcp ${address}: ${why}` };
}
