import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Container } from "kubernetes-types/core/v1";
import type { Clock } from "../../time/clock.ts";
import { commandLineOf, ExecutableNotFound, resolveExecutable } from "./command.ts";
import type { ContainerConfig } from "./container-config.ts";
import { ContainerLog } from "./container-log.ts";
import { ContainerProcess, type ProcessExit } from "./container-process.ts";
import type { ContainerRun, Termination } from "./pod-model.ts";

export interface InstanceOptions {
  readonly container: Container;
  readonly config: ContainerConfig;
  readonly restartCount: number;
  readonly folder: string;
  readonly logPath: string;
  readonly stateDir: string;
  readonly clock: Clock;
}

/** What runc says where a program is missing, in containerd's words. */
const cannotRun =
  "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init:";

/** How long the last output may take to arrive where a process that left the container holds the pipe. */
const drainMs = 500;

/** One run of a container: its process, its log and how it ended. */
export class ContainerInstance implements ContainerRun {
  readonly id = randomBytes(32).toString("hex");
  readonly container: Container;
  readonly config: ContainerConfig;
  readonly restartCount: number;
  readonly log: ContainerLog;
  startedAtMs = 0;
  /** How it ended, once the kubelet has noticed. */
  termination: Termination | undefined;
  /** Resolves with the exit, noticed or not; already where the program could not be started. */
  exited: Promise<void> = Promise.resolve();
  process: ContainerProcess | undefined;
  /** Ended by the kubelet for using more memory than its limit. */
  outOfMemory = false;
  readonly #options: InstanceOptions;
  #exit: Termination | undefined;

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.container = options.container;
    this.config = options.config;
    this.restartCount = options.restartCount;
    this.log = new ContainerLog({ path: options.logPath, clock: options.clock });
  }

  get imageReference(): string {
    return this.config.image.reference;
  }

  get imageId(): string {
    return this.config.image.id;
  }

  get isRunning(): boolean {
    return this.process !== undefined && this.#exit === undefined;
  }

  /** Starts the program. Throws what containerd says where it cannot; the run has then ended with code 128. */
  async start(): Promise<void> {
    const { config, container, stateDir, clock } = this.#options;
    try {
      const argv = commandLineOf(config.image, {
        command: [...config.command],
        args: [...config.args],
      });
      if (argv.length === 0) throw new ExecutableNotFound("no command specified");
      const executable = resolveExecutable(config.image, argv, config.view);
      const env = { ...config.env, KUBELAB_INIT_PARENT: String(process.pid) };
      const stdin = container.stdin ?? false;
      this.process = await ContainerProcess.start({
        ...executable,
        cwd: config.cwd,
        env,
        stdin,
        stateDir,
      });
    } catch (error) {
      this.log.close();
      const text = error instanceof Error ? error.message : String(error);
      const message = `${cannotRun} ${text}: unknown`;
      this.#exit = { exitCode: 128, reason: "StartError", message, finishedAtMs: clock.now() };
      this.notice();
      throw new Error(message, { cause: error });
    }
    this.startedAtMs = clock.now();
    this.log.capture(this.process.stdout, "stdout");
    this.log.capture(this.process.stderr, "stderr");
    this.exited = this.process.exited.then((exit) => this.#onExit(exit));
  }

  /** Lets the status show that the run has ended. Returns whether there was anything new. */
  notice(): boolean {
    if (!this.#exit || this.termination) return false;
    this.termination = this.#exit;
    return true;
  }

  /** The files of this run, its log excepted, are not needed any more. */
  async removeFiles(): Promise<void> {
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  async removeLog(): Promise<void> {
    this.log.close();
    const files = [1, 2, 3, 4].map((index) => `${this.log.path}.${index}`);
    for (const path of [this.log.path, ...files]) await rm(path, { force: true });
  }

  async #onExit({ code }: ProcessExit): Promise<void> {
    const finishedAtMs = this.#options.clock.now();
    const reason = this.outOfMemory ? "OOMKilled" : code === 0 ? "Completed" : "Error";
    const message = await this.#terminationMessage(code);
    this.#exit = { exitCode: code, reason, message, finishedAtMs };
  }

  async #terminationMessage(code: number): Promise<string | undefined> {
    const text = readText(this.config.terminationLog).slice(0, 4096);
    if (text !== "" || code === 0) return text || undefined;
    if (this.container.terminationMessagePolicy !== "FallbackToLogsOnError") return undefined;
    // The program's last words may still be in its pipes.
    await this.log.whenEnded(drainMs);
    const lines = readText(this.log.path).split("\n").slice(-81);
    const plain = lines.map((line) => line.replace(/^\S+ \S+ [FP] /, "")).join("\n");
    return plain.slice(-2048) || undefined;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
