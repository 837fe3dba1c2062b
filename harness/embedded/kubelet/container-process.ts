import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { forgetProcess, recordProcess } from "../state/process-records.ts";
import type { Executable } from "./command.ts";

export interface ProcessOptions extends Executable {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: boolean;
  /** Where the process is recorded, so that a sweep can end it. */
  readonly stateDir: string;
}

export interface ProcessExit {
  /** As a shell counts it: 128 + n for a signal. */
  readonly code: number;
}

const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/** One process at the head of its own group, which ends when it does. */
export class ContainerProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly #child: ChildProcess;
  #running = true;

  private constructor(child: ChildProcess, pid: number, stateDir: string) {
    if (!child.stdout || !child.stderr) throw new Error("a container's output is always piped");
    this.#child = child;
    this.pid = pid;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    child.stdin?.on("error", () => {});
    recordProcess(stateDir, pid, { group: true });
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#running = false;
        // What the program left behind ends with it, as the processes of a container do.
        this.#signalGroup("SIGKILL");
        forgetProcess(stateDir, pid);
        resolve({ code: code ?? 128 + (signalNumbers[signal ?? "SIGKILL"] ?? 9) });
      });
    });
  }

  /** Resolves once the process runs; rejects where the system cannot start it. */
  static async start(options: ProcessOptions): Promise<ContainerProcess> {
    const child = spawn(options.file, [...options.args], {
      cwd: options.cwd,
      env: { ...options.env },
      ...(options.argv0 === undefined ? {} : { argv0: options.argv0 }),
      detached: true,
      windowsHide: true,
      stdio: [options.stdin ? "pipe" : "ignore", "pipe", "pipe"],
    });
    const { pid } = child;
    if (pid === undefined)
      throw await new Promise<Error>((resolve) => child.once("error", resolve));
    child.on("error", () => {});
    return new ContainerProcess(child, pid, options.stateDir);
  }

  get isRunning(): boolean {
    return this.#running;
  }

  /** Asks the program to end. A program without a handler does not notice, as the first of a container would not. */
  terminate(): void {
    if (!this.#running || !catchesTerm(this.pid)) return;
    this.#child.kill("SIGTERM");
  }

  /** Ends the program and everything it started. */
  kill(): void {
    if (this.#running) this.#signalGroup("SIGKILL");
  }

  #signalGroup(signal: NodeJS.Signals): void {
    try {
      if (process.platform === "win32") this.#child.kill(signal);
      else process.kill(-this.pid, signal);
    } catch {
      // The group is gone already.
    }
  }
}

const sigtermBit = 1n << 14n;

/**
 * Linux tells whether a process handles SIGTERM; elsewhere it is sent whatever happens.
 * https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
 */
function catchesTerm(pid: number): boolean {
  const path = `/proc/${pid}/status`;
  if (process.platform !== "linux" || !existsSync(path)) return true;
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(path, "utf8"))?.[1];
    return caught === undefined || (BigInt(`0x${caught}`) & sigtermBit) !== 0n;
  } catch {
    return true;
  }
}
