import { readFileSync } from "node:fs";
import { PassThrough, type Readable } from "node:stream";
import type { Clock } from "../../time/clock.ts";
import type { LogOptions } from "../node-agent.ts";
import type { ContainerLog } from "./container-log.ts";

interface Line {
  readonly timeMs: number;
  readonly stamp: string;
  readonly text: string;
  readonly complete: boolean;
}

/** What `kubectl logs` shows of one container's log; with `follow`, also what is written from now on. */
export function readLog(log: ContainerLog, options: LogOptions, clock: Clock): Readable {
  const output = new PassThrough();
  const writer = new LimitedWriter(output, options);
  const sinceMs = sinceOf(options, clock);
  for (const line of tailOf(storedLines(log.path), sinceMs, options.tailLines)) writer.write(line);
  if (!options.follow || log.ended || writer.full) {
    output.end();
    return output;
  }
  follow(log, writer, output, options.signal);
  return output;
}

function follow(
  log: ContainerLog,
  writer: LimitedWriter,
  output: PassThrough,
  signal: AbortSignal | undefined,
): void {
  const onLine = (raw: string): void => {
    const line = parse(raw.slice(0, -1));
    if (line) writer.write(line);
    if (writer.full) stop();
  };
  const stop = (): void => {
    log.off("line", onLine).off("end", stop);
    signal?.removeEventListener("abort", stop);
    output.end();
  };
  log.on("line", onLine).once("end", stop);
  output.once("close", stop);
  if (signal?.aborted) stop();
  else signal?.addEventListener("abort", stop, { once: true });
}

class LimitedWriter {
  readonly #output: PassThrough;
  readonly #timestamps: boolean;
  #left: number;
  #startOfLine = true;

  constructor(output: PassThrough, options: LogOptions) {
    this.#output = output;
    this.#timestamps = options.timestamps ?? false;
    this.#left = options.limitBytes ?? Infinity;
  }

  get full(): boolean {
    return this.#left <= 0;
  }

  write(line: Line): void {
    if (this.full) return;
    const prefix = this.#timestamps && this.#startOfLine ? `${line.stamp} ` : "";
    this.#startOfLine = line.complete;
    const bytes = Buffer.from(`${prefix}${line.text}${line.complete ? "\n" : ""}`);
    this.#output.write(bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes);
    this.#left -= bytes.length;
  }
}

function storedLines(path: string): Line[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .map(parse)
    .filter((line) => line !== undefined);
}

function tailOf(
  lines: readonly Line[],
  sinceMs: number,
  tail: number | undefined,
): readonly Line[] {
  const recent = lines.filter((line) => line.timeMs >= sinceMs);
  if (tail === undefined || tail < 0) return recent;
  let start = recent.length;
  for (let left = tail; start > 0; start--) {
    if (recent[start - 1]?.complete && left-- === 0) break;
  }
  return tail === 0 ? [] : recent.slice(start);
}

function sinceOf({ sinceSeconds, sinceTime }: LogOptions, clock: Clock): number {
  if (sinceSeconds !== undefined) return clock.now() - sinceSeconds * 1000;
  return sinceTime === undefined ? -Infinity : Date.parse(sinceTime);
}

function parse(raw: string): Line | undefined {
  const match = /^(\S+) (stdout|stderr) ([FP]) /.exec(raw);
  if (!match) return undefined;
  const [prefix, stamp = "", , mark] = match;
  return {
    timeMs: Date.parse(stamp),
    stamp,
    text: raw.slice(prefix.length),
    complete: mark === "F",
  };
}
