import type { Duplex, Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { ObjectKey } from "../client.ts";
import type { ExecOptions, LogOptions, NodeAgent } from "../node-agent.ts";
import { StatusError } from "../status-error.ts";
import { startCommand } from "./container-command.ts";
import type { ContainerInstance } from "./container-instance.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { readLog } from "./log-reader.ts";
import type { PodWorker } from "./pod-worker.ts";

/** How long the last output of an ended command may take to arrive where a process it left holds the pipe. */
const drainMs = 500;

const pullFailures: ReadonlyMap<string, string> = new Map([
  ["ErrImagePull", "image can't be pulled"],
  ["ImagePullBackOff", "trying and failing to pull image"],
]);

/** Answers the API server's questions about pods of this node. */
export class PodAgent implements NodeAgent {
  readonly #find: (pod: ObjectKey) => PodWorker | undefined;
  readonly #context: KubeletContext;

  constructor(find: (pod: ObjectKey) => PodWorker | undefined, context: KubeletContext) {
    this.#find = find;
    this.#context = context;
  }

  async logs(pod: ObjectKey, options: LogOptions): Promise<Readable> {
    const worker = this.#worker(pod);
    const name = containerOf(worker, options.container);
    const runs = worker.runsOf(name);
    const run = runs[options.previous ? 1 : 0];
    if (run) return readLog(run.log, options, this.#context.clock);
    if (options.previous)
      throw badRequest(`previous terminated container "${name}" in pod "${pod.name}" not found`);
    const { status } = worker.pod;
    const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
    const waiting = all.find((it) => it.name === name)?.state?.waiting;
    const reason = waiting?.reason ?? "ContainerCreating";
    const why = pullFailures.get(reason) ?? reason;
    throw badRequest(`container "${name}" in pod "${pod.name}" is waiting to start: ${why}`);
  }

  async exec(pod: ObjectKey, options: ExecOptions): Promise<number> {
    const instance = this.#running(pod, options.container);
    const { stateDir } = this.#context;
    const env: Record<string, string> = options.tty ? { TERM: "xterm" } : {};
    const process = await startCommand(instance, options.command, {
      stdin: options.stdin !== undefined,
      stateDir,
      env,
    }).catch((error: unknown) => {
      throw cannotExec(error);
    });
    const kill = (): void => process.kill();
    options.signal.addEventListener("abort", kill, { once: true });
    if (options.signal.aborted) kill();
    // A container takes its exec'd processes with it.
    void instance.exited.then(kill);
    if (process.stdin && options.stdin) options.stdin.pipe(process.stdin);
    process.stdout.pipe(options.stdout, { end: false });
    process.stderr.pipe(options.tty ? options.stdout : options.stderr, { end: false });
    try {
      const { code } = await process.exited;
      await this.#drained([process.stdout, process.stderr]);
      return code;
    } finally {
      options.signal.removeEventListener("abort", kill);
      options.stdin?.unpipe();
    }
  }

  async attach(pod: ObjectKey, options: Omit<ExecOptions, "command">): Promise<void> {
    const instance = this.#running(pod, options.container, notFoundInPod);
    const { stdin, stdout, stderr } = instance.process ?? {};
    if (!stdout || !stderr) throw notFoundInPod(instance.container.name, pod);
    if (options.stdin && stdin)
      options.stdin.pipe(stdin, { end: instance.container.stdinOnce === true });
    const toOut = (chunk: Buffer): void => void options.stdout.write(chunk);
    const toErr = (chunk: Buffer): void => void options.stderr.write(chunk);
    stdout.on("data", toOut);
    stderr.on("data", toErr);
    const left = new Promise<void>((resolve) => {
      if (options.signal.aborted) resolve();
      else options.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([left, instance.exited.then(() => this.#drained([stdout, stderr]))]);
    stdout.off("data", toOut);
    stderr.off("data", toErr);
    options.stdin?.unpipe();
  }

  async connect(pod: ObjectKey, port: number, signal: AbortSignal): Promise<Duplex> {
    const { address } = this.#worker(pod);
    if (address === undefined)
      throw new StatusError(500, "InternalError", `pod ${pod.name} is not running`);
    signal.throwIfAborted();
    const socket = await this.#context.network.connect(address, port, {
      timeoutMs: 30_000,
      loopback: true,
    });
    signal.addEventListener("abort", () => socket.destroy(), { once: true });
    return socket;
  }

  async #drained(streams: readonly Readable[]): Promise<void> {
    const ended = Promise.allSettled(
      streams.map((stream) => finished(stream, { writable: false })),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#context.clock.after(drainMs, resolve);
    await Promise.race([ended, promise]);
    cancel();
  }

  #worker(pod: ObjectKey): PodWorker {
    const worker = this.#find(pod);
    if (!worker) throw new StatusError(404, "NotFound", `pods "${pod.name}" not found`);
    return worker;
  }

  #running(
    pod: ObjectKey,
    container: string | undefined,
    notRunning = containerNotFound,
  ): ContainerInstance {
    const worker = this.#worker(pod);
    const name = containerOf(worker, container);
    const [run] = worker.runsOf(name);
    if (!run?.isRunning) throw notRunning(name, pod);
    return run;
  }
}

function containerOf(worker: PodWorker, asked: string | undefined): string {
  const { metadata, spec } = worker.pod;
  const main = (spec?.containers ?? []).map(({ name }) => name);
  const init = (spec?.initContainers ?? []).map(({ name }) => name);
  if (asked) {
    if ([...main, ...init].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${metadata?.name}`);
  }
  const chosen = metadata?.annotations?.["kubectl.kubernetes.io/default-container"] ?? main[0];
  if (main.length > 1 && !metadata?.annotations?.["kubectl.kubernetes.io/default-container"]) {
    const init1 = init.length > 0 ? ` or one of the init containers: [${init.join(" ")}]` : "";
    throw badRequest(
      `a container name must be specified for pod ${metadata?.name}, choose one of: [${main.join(" ")}]${init1}`,
    );
  }
  return chosen ?? "";
}

function cannotExec(error: unknown): StatusError {
  const text = error instanceof Error ? error.message : String(error);
  return internalError(`error executing command in container: ${text}`);
}

/** What exec says; attach has words of its own. */
function containerNotFound(name: string, _pod: ObjectKey): StatusError {
  return cannotUpgrade(`container not found ("${name}")`);
}

function notFoundInPod(name: string, pod: ObjectKey): StatusError {
  return cannotUpgrade(`container ${name} not found in pod ${pod.name}_${pod.namespace}`);
}

function cannotUpgrade(why: string): StatusError {
  return internalError(`unable to upgrade connection: ${why}`);
}

function internalError(message: string): StatusError {
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`, {
    causes: [{ message }],
  });
}

function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}
