import type { Readable, Writable } from "node:stream";
import type { NodeAgent } from "../../node-agent.ts";
import { StatusError } from "../../status-error.ts";
import type { StreamRequest } from "./stream-request.ts";

/** The streams between a client and a container, whatever carries them. */
export interface SessionStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Says how it ended, and closes everything. */
  end(status: object): void;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** Runs exec or attach and reports the end as Kubernetes does on the error stream. */
export async function runSession(
  agent: NodeAgent,
  request: StreamRequest,
  streams: SessionStreams,
): Promise<void> {
  const { pod, container, tty } = request;
  const options = {
    container,
    tty,
    stdin: streams.stdin,
    stdout: streams.stdout,
    stderr: streams.stderr,
    signal: streams.signal,
  };
  try {
    if (request.kind === "attach") {
      await agent.attach(pod, options);
      streams.end(success);
      return;
    }
    const exitCode = await agent.exec(pod, { ...options, command: request.command });
    streams.end(exitCode === 0 ? success : failure(request.command, exitCode));
  } catch (error) {
    if (streams.signal.aborted) return;
    if (error instanceof StatusError) streams.end(error.toStatus());
    else {
      const message = error instanceof Error ? error.message : String(error);
      streams.end(new StatusError(500, "InternalError", message, {}).toStatus());
    }
  }
}

const success = { metadata: {}, status: "Success" };

function failure(command: readonly string[], exitCode: number): object {
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: error executing command [${command.join(" ")}], exit code ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}
