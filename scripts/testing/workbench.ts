import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../harness/time/clock.ts";

const root = join(import.meta.dirname, "../..");

/** What a program that ended left on its outputs. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** A program started as a person starts it, at the head of a group of its own as in a terminal. */
export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  output(): string;
  /** Waits until the output holds a text; fails where the program ends before. */
  says(text: string | RegExp): Promise<void>;
  /** Ctrl-C in a terminal goes to the whole group. */
  signal(name: NodeJS.Signals, to?: "process" | "group"): void;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A place for one test: a folder for temporary files of its own, in which everything left behind can be seen. */
export class Workbench implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "bench-"));
  readonly #started: ChildProcess[] = [];
  /** An engine is everybody's: the k3s that another test keeps there would be removed by `down --all`. */
  readonly #place = {
    TMPDIR: this.folder,
    DOCKER_HOST: `unix://${join(this.folder, "no-engine.sock")}`,
  };

  /** Starts a script of this project: `start("scripts/lab.ts", "deploy-app")`. */
  node(...args: readonly string[]): Started {
    return this.start(process.execPath, args);
  }

  /** Runs a script of this project to its end. */
  run(...args: readonly string[]): Promise<Ended> {
    return this.node(...args).ended;
  }

  /** Starts any program. */
  start(program: string, args: readonly string[], options: SpawnOptions = {}): Started {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.#place, NO_COLOR: "1", ...noNpm, ...options.env },
    });
    this.#started.push(child);
    return follow(child);
  }

  /** The clusters' folders that are left, and the processes that have to do with this place. */
  leftovers(): readonly string[] {
    const clusters = readdirSync(this.folder)
      .filter((name) => name.startsWith("kubelab-"))
      .flatMap((name) => readdirSync(join(this.folder, name)).map((one) => `folder ${one}`));
    return [
      ...clusters,
      ...this.processes().map(({ pid, command }) => `process ${pid} ${command}`),
    ];
  }

  /** What is left once it had time to go away: nothing, if all is well. */
  async leftoversAfter(timeoutMs: number): Promise<readonly string[]> {
    const deadlineMs = systemClock.now() + timeoutMs;
    while (this.leftovers().length > 0 && systemClock.now() < deadlineMs)
      await systemClock.sleep(50);
    return this.leftovers();
  }

  /** The processes whose environment or command line names this place. */
  processes(): readonly { readonly pid: number; readonly command: string }[] {
    if (process.platform !== "linux") return [];
    const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return ids.flatMap((id) => {
      const command = read(`/proc/${id}/cmdline`);
      const words = command + read(`/proc/${id}/environ`);
      if (!words.includes(this.folder)) return [];
      return [{ pid: Number(id), command: command.replaceAll("\0", " ").trim() }];
    });
  }

  /** The process whose command line holds a text; fails where there is none. */
  processOf(text: string): number {
    const found = this.processes().find(({ command }) => command.includes(text));
    if (!found) throw new Error(`no process of ${this.folder} runs ${text}`);
    return found.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#started) child.kill("SIGTERM");
    for (let tries = 0; tries < 100 && this.processes().length > 0; tries++)
      await systemClock.sleep(50);
    for (const { pid } of this.processes()) kill(pid, "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** What npm tells scripts that it starts must not change what they do in a test. */
const noNpm = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^(npm_|VITEST|FORCE_COLOR)/.test(name))
    .map((name) => [name, undefined]),
);

function follow(child: ChildProcess): Started {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  let over = false;
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => {
      over = true;
      resolve({ code, output });
    });
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    ended,
    output: () => output,
    async says(text) {
      const pattern = typeof text === "string" ? new RegExp(RegExp.escape(text)) : text;
      while (!pattern.test(output)) {
        if (over) throw new Error(`it ended and never said ${String(text)}:\n${output}`);
        await systemClock.sleep(10);
      }
    },
    signal: (name, to = "process") => kill(to === "group" ? -pid : pid, name),
  };
}

function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself meanwhile.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It ended meanwhile, or is somebody else's.
    return "";
  }
}
