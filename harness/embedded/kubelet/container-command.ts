import { randomBytes } from "node:crypto";
import { ExecutableNotFound, resolveExecutable, type Executable } from "./command.ts";
import type { ContainerConfig } from "./container-config.ts";
import type { ContainerInstance } from "./container-instance.ts";
import { ContainerProcess } from "./container-process.ts";

/** What a command in a container printed, and how it ended. */
export interface CommandResult {
  readonly code: number;
  /** Standard output and error together, at most 10 KiB. */
  readonly output: string;
  /** The part of it that was standard error. */
  readonly errors: string;
}

const maxOutputBytes = 10 * 1024;

/** Starts a further process in a running container, as exec does. */
export async function startCommand(
  instance: ContainerInstance,
  command: readonly string[],
  options: {
    readonly stdin: boolean;
    readonly stateDir: string;
    readonly env?: Record<string, string>;
  },
): Promise<ContainerProcess> {
  const { config } = instance;
  const executable = find(config, command);
  return ContainerProcess.start({
    ...executable,
    cwd: config.cwd,
    env: { ...config.env, ...options.env },
    stdin: options.stdin,
    stateDir: options.stateDir,
  });
}

/** Throws what containerd says of a program that is not in the container. */
function find({ image, view }: ContainerConfig, command: readonly string[]): Executable {
  try {
    return resolveExecutable(image, command, view);
  } catch (error) {
    if (!(error instanceof ExecutableNotFound)) throw error;
    const id = randomBytes(32).toString("hex");
    throw new Error(
      `failed to exec in container: failed to start exec "${id}": OCI runtime exec failed: exec failed: unable to start container process: ${error.message}: unknown`,
      { cause: error },
    );
  }
}

/** Runs a command in a container to its end. The signal kills it; the promise then rejects with its reason. */
export async function runCommand(
  instance: ContainerInstance,
  command: readonly string[],
  stateDir: string,
  signal: AbortSignal,
): Promise<CommandResult> {
  const process = await startCommand(instance, command, { stdin: false, stateDir }).catch(
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`rpc error: code = Unknown desc = ${text}`, { cause: error });
    },
  );
  const kill = (): void => process.kill();
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  const chunks: Buffer[] = [];
  const errorChunks: Buffer[] = [];
  for (const stream of [process.stdout, process.stderr])
    stream.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => {});
  process.stderr.on("data", (chunk: Buffer) => errorChunks.push(chunk));
  try {
    const { code } = await process.exited;
    await Promise.all([closed(process.stdout), closed(process.stderr)]);
    signal.throwIfAborted();
    // What the machine's programs call by its real path has another name in the container.
    const read = (from: readonly Buffer[]): string =>
      instance.config.view.toContainer(
        Buffer.concat(from).subarray(0, maxOutputBytes).toString("utf8"),
      );
    return { code, output: read(chunks), errors: read(errorChunks) };
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

function closed(stream: NodeJS.ReadableStream & { readonly closed?: boolean }): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once("close", () => resolve());
  });
}
