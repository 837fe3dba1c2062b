import { spawn, type ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../time/clock.ts";

/** What the node proxy's process reads, as one JSON line, on its standard input. */
export interface ProxyConfig {
  readonly socketPath: string;
  readonly secret: string;
  readonly kubeconfigPath: string;
  readonly endpointLagMs: number;
  /** The address that ways in from outside are opened on. @default "127.0.0.1" */
  readonly outsideHost?: string | undefined;
}

const restartAfterMs = 1_000;
const killAfterMs = 5_000;

/** Runs the node proxy as its own process, and again where it ends by itself. */
export class ProxyProcess {
  readonly #config: ProxyConfig;
  readonly #clock: Clock;
  #child: ChildProcess | undefined;
  #stopping = false;

  constructor(config: ProxyConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Resolves when pods can connect to it. */
  async start(): Promise<void> {
    if (process.platform !== "win32") rmSync(this.#config.socketPath, { force: true });
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL("node-proxy.ts", import.meta.url))],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    this.#child = child;
    // It reads until this end closes, and so ends with this process, however that ends.
    child.stdin.on("error", () => {});
    child.stdin.write(`${JSON.stringify(this.#config)}\n`);
    await mustBeReady(child);
    child.once("exit", () => this.#restart());
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (!child || hasEnded(child)) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const cancel = this.#clock.after(killAfterMs, () => child.kill("SIGKILL"));
    await ended;
    cancel();
  }

  #restart(): void {
    if (this.#stopping) return;
    process.stderr.write("the node proxy ended by itself; it is started again\n");
    this.#clock.after(restartAfterMs, () => {
      if (!this.#stopping) this.start().catch(() => this.#restart());
    });
  }
}

async function mustBeReady(child: ChildProcess): Promise<void> {
  if (!child.stdout) throw new Error("the node proxy was started without an output");
  for await (const line of createInterface({ input: child.stdout })) if (line === "ready") return;
  throw new Error("the node proxy ended before it was ready");
}

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;
