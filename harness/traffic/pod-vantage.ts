import { PassThrough, type Readable } from "node:stream";

import { LabError } from "../errors/lab-error.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import type { Observation } from "./observation.ts";
import type { SendReport } from "./plan.ts";
import type { Vantage } from "./vantage.ts";

/** A program that was started in a pod's container. */
export interface RemoteProcess {
  readonly stdout: AsyncIterable<Uint8Array | string>;
  readonly stderr: AsyncIterable<Uint8Array | string>;
  /** The exit code; rejects when the connection to it is lost. */
  readonly exit: Promise<number>;
}

/** How programs are started in the vantage's container. */
export interface PodVantageOptions {
  /** For messages: `deployment/access`. */
  readonly name: string;
  readonly exec: (
    command: string[],
    stdin: Readable,
    signal: AbortSignal,
  ) => RemoteProcess | Promise<RemoteProcess>;
  /** @default ["node", "/apps/main.ts", "client"] */
  readonly command?: readonly string[];
  readonly clock?: Clock;
}

const COMMAND = ["node", "/apps/main.ts", "client"];
/** How long the program in the pod may take to end after it was told to. */
const STOP_WITHIN_MS = 10_000;
const ERROR_CHARACTERS = 2000;

const nothingSent: SendReport = {
  planned: 0,
  sent: 0,
  elapsedMs: 0,
  lateMs: { p50: 0, p99: 0, max: 0 },
  eventLoopLagMs: 0,
};

/** Requests by a program in a pod, so that its network, sidecar and identity are that pod's. */
export function podVantage(options: PodVantageOptions): Vantage {
  const { name, exec, command = COMMAND, clock = systemClock } = options;
  return {
    name,
    async send(plan, observe, stop) {
      if (stop.aborted) return nothingSent;
      const kill = new AbortController();
      const stdin = new PassThrough();
      stdin.write(`${JSON.stringify(plan)}\n`);
      let giveUp: (() => void) | undefined;
      const onStop = (): void => {
        stdin.end("stop\n");
        giveUp = clock.after(
          STOP_WITHIN_MS + (plan.mode === "open" ? (plan.timeoutMs ?? 5000) : 0),
          () =>
            kill.abort(new LabError("LAB_VANTAGE_UNUSABLE", `${name}: the sender did not stop`)),
        );
      };
      stop.addEventListener("abort", onStop, { once: true });
      try {
        const remote = await exec([...command], stdin, kill.signal);
        return await receive(name, remote, observe, () => stop.aborted && plan.mode === "closed");
      } finally {
        giveUp?.();
        stop.removeEventListener("abort", onStop);
        stdin.end();
        kill.abort();
      }
    },
  };
}

async function receive(
  name: string,
  remote: RemoteProcess,
  observe: (observation: Observation) => void,
  isOver: () => boolean,
): Promise<SendReport> {
  const errors = collect(remote.stderr);
  // Awaited below; until then its rejection must not count as unhandled.
  remote.exit.catch(() => {});
  let report: SendReport | undefined;
  for await (const line of linesOf(remote.stdout)) {
    const entry = parse(name, line);
    if ("report" in entry) report = entry.report;
    else if (!isOver()) observe(entry);
  }
  const code = await remote.exit;
  if (report) return report;
  const words = (await errors).trim();
  throw new LabError(
    "LAB_VANTAGE_UNUSABLE",
    `${name}: the sender ended with exit code ${code} before it was through${words ? `: ${words}` : ""}`,
    { facts: { vantage: name, exitCode: code, stderr: words } },
  );
}

function parse(name: string, line: string): Observation | { readonly report: SendReport } {
  try {
    return JSON.parse(line) as Observation | { report: SendReport };
  } catch (cause) {
    throw new LabError(
      "LAB_VANTAGE_UNUSABLE",
      `${name}: expected one observation a line, received ${JSON.stringify(line.slice(0, 200))}`,
      { cause },
    );
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
  if (rest.trim() !== "") yield rest;
}

async function collect(chunks: AsyncIterable<Uint8Array | string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) {
    if (text.length > ERROR_CHARACTERS) continue;
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  }
  return text.slice(0, ERROR_CHARACTERS);
}
