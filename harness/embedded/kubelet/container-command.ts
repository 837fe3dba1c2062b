import { resolveExecutable } from "./command.ts";
import type { ContainerInstance } from "./container-instance.ts";
import { ContainerProcess } from "./container-process.ts";

/** What a command in a container printed, and how it ended. */
export interface CommandResult {
  readonly code: number;
  /** Standard output and error together, at most 10 KiB. */
  readonly output: string;
}

const maxOutputBytes = 10 * 1024;

/** Starts a further process in a running container, as exec does. */
export function startCommand(
  instance: ContainerInstance,
  command: readonly string[],
  options: {
    readonly stdin: boolean;
    readonly stateDir: string;
    readonly env?: Record<string, string>;
  },
): Promise<ContainerProcess> {
  const { config } = instance;
  const executable = resolveExecutable(config.image, command, config.view);
  return ContainerProcess.start({
    ...executable,
    cwd: config.cwd,
    env: { ...config.env, ...options.env },
    stdin: options.stdin,
    stateDir: options.stateDir,
  });
}

/** Runs a command in a container to its end. The signal kills it; the promise then rejects with its reason. */
export async function runCommand(
  instance: ContainerInstance,
  command: readonly string[],
  stateDir: string,
  signal: AbortSignal,
): Promise<CommandResult> {
  const process = await startCommand(instance, command, { stdin: false, stateDir });
  const kill = (): void => process.kill();
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  const chunks: Buffer[] = [];
  for (const stream of [process.stdout, process.stderr])
    stream.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => {});
  try {
    const { code } = await process.exited;
    await Promise.all([closed(process.stdout), closed(process.stderr)]);
    signal.throwIfAborted();
    const output = Buffer.concat(chunks).subarray(0, maxOutputBytes).toString("utf8");
    return { code, output };
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
