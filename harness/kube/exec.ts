import { Exec, type KubeConfig, type V1Status } from "@kubernetes/client-node";
import { PassThrough, type Readable } from "node:stream";
import { LabError } from "../errors/lab-error.ts";

export interface ExecOptions {
  readonly namespace: string;
  readonly pod: string;
  /** @default the pod's first container */
  readonly container?: string;
  readonly command: readonly string[];
  /** The program's standard input: text, after which it ends, or a stream. */
  readonly stdin?: string | Readable;
  readonly signal?: AbortSignal;
}

/** A program that runs in a container. */
export interface RunningExec {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit code; rejects where the connection was lost before it ended. */
  readonly exitCode: Promise<number>;
  /** Ends the connection; the program is stopped by the kubelet. */
  stop(): void;
}

/** What a program that ended left behind. */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Starts a program in a container, as `kubectl exec` does. */
export async function startExec(
  kubeConfig: KubeConfig,
  options: ExecOptions,
): Promise<RunningExec> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const stdin = typeof options.stdin === "string" ? new PassThrough() : (options.stdin ?? null);
  const ended = Promise.withResolvers<number>();
  // The caller may look at the output only; an unheard rejection must not end the process.
  ended.promise.catch(() => undefined);
  const place = `${options.namespace}/${options.pod}`;
  const socket = await new Exec(kubeConfig)
    .exec(
      options.namespace,
      options.pod,
      options.container ?? "",
      [...options.command],
      stdout,
      stderr,
      stdin,
      false,
      (status) => ended.resolve(exitCodeOf(status)),
    )
    .catch((error: unknown) => {
      throw new LabError(
        "LAB_EXEC_FAILED",
        `exec in ${place} could not start: ${reasonOf(error)}`,
        {
          cause: error,
        },
      );
    });
  const stop = () => socket.terminate();
  options.signal?.addEventListener("abort", stop, { once: true });
  socket.on("close", () => {
    options.signal?.removeEventListener("abort", stop);
    ended.reject(
      options.signal?.reason ??
        new LabError("LAB_EXEC_FAILED", `the connection of exec in ${place} was lost`),
    );
    stdout.end();
    stderr.end();
  });
  if (stdin instanceof PassThrough && typeof options.stdin === "string") stdin.end(options.stdin);
  return { stdout, stderr, exitCode: ended.promise, stop };
}

/** Runs a program in a container to its end. */
export async function runExec(kubeConfig: KubeConfig, options: ExecOptions): Promise<ExecResult> {
  const running = await startExec(kubeConfig, options);
  const [stdout, stderr, exitCode] = await Promise.all([
    textOf(running.stdout),
    textOf(running.stderr),
    running.exitCode,
  ]);
  return { stdout, stderr, exitCode };
}

function exitCodeOf(status: V1Status): number {
  if (status.status === "Success") return 0;
  const cause = status.details?.causes?.find((entry) => entry.reason === "ExitCode");
  return cause?.message === undefined ? 1 : Number(cause.message);
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function reasonOf(error: unknown): string {
  return error instanceof Error || (typeof error === "object" && error && "message" in error)
    ? String(error.message)
    : String(error);
}
