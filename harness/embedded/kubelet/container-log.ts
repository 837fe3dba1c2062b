import { channel } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import type { Clock } from "../../time/clock.ts";

const failures = channel("kubelab:kubelet:failure");

export interface ContainerLogOptions {
  readonly path: string;
  readonly clock: Clock;
  /** A file that grows beyond this is rotated. @default 10 MiB */
  readonly maxBytes?: number | undefined;
  /** Files kept, the newest included. @default 5 */
  readonly maxFiles?: number | undefined;
}

/** Longer lines are stored in pieces, each marked "P" but the last. */
const maxLineBytes = 16_384;

/** Writes a container's output as the container runtimes do: `<time> <stream> F <line>`. Emits "line" and "end". */
export class ContainerLog extends EventEmitter<{ line: [string]; end: [] }> {
  readonly path: string;
  readonly #options: Required<ContainerLogOptions>;
  #fd: number;
  #bytes: number;
  #open = 0;
  #ended = false;

  constructor(options: ContainerLogOptions) {
    super();
    this.setMaxListeners(0);
    this.path = options.path;
    this.#options = {
      ...options,
      maxBytes: options.maxBytes ?? 10 * 1024 * 1024,
      maxFiles: options.maxFiles ?? 5,
    };
    mkdirSync(dirname(this.path), { recursive: true });
    this.#fd = openSync(this.path, "a");
    this.#bytes = statSync(this.path).size;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Takes everything the stream carries; `onText` sees it too. The log ends when all its streams have. */
  capture(stream: Readable, name: "stdout" | "stderr", onText?: (text: Buffer) => void): void {
    let rest: Buffer = Buffer.alloc(0);
    this.#open++;
    stream.on("data", (chunk: Buffer) => {
      onText?.(chunk);
      rest = this.#writeLines(Buffer.concat([rest, chunk]), name);
    });
    stream.on("error", () => {});
    stream.once("close", () => {
      if (rest.length > 0) this.#write(name, "F", rest);
      if (--this.#open === 0) this.#end();
    });
  }

  /** Resolves once all of the output is in, at the latest after this time. */
  async whenEnded(timeoutMs: number): Promise<void> {
    if (this.#ended) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(timeoutMs, resolve);
    this.once("end", resolve);
    await promise;
    cancel();
  }

  /** Closes the file; what comes later is not kept. */
  close(): void {
    if (!this.#ended) this.#end();
  }

  #writeLines(data: Buffer, name: string): Buffer {
    let start = 0;
    const lines: string[] = [];
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
      this.#pieces(data.subarray(start, end), name, lines);
      start = end + 1;
    }
    let rest = data.subarray(start);
    while (rest.length > maxLineBytes) {
      lines.push(this.#format(name, "P", rest.subarray(0, maxLineBytes)));
      rest = rest.subarray(maxLineBytes);
    }
    this.#append(lines);
    return Buffer.from(rest);
  }

  #pieces(line: Buffer, name: string, lines: string[]): void {
    let rest = line;
    for (; rest.length > maxLineBytes; rest = rest.subarray(maxLineBytes))
      lines.push(this.#format(name, "P", rest.subarray(0, maxLineBytes)));
    lines.push(this.#format(name, "F", rest));
  }

  #write(name: string, mark: "F" | "P", text: Buffer): void {
    this.#append([this.#format(name, mark, text)]);
  }

  #format(name: string, mark: "F" | "P", text: Buffer): string {
    const time = new Date(this.#options.clock.now()).toISOString().replace("Z", "000000Z");
    return `${time} ${name} ${mark} ${text.toString("utf8")}\n`;
  }

  #append(lines: readonly string[]): void {
    if (this.#ended || lines.length === 0) return;
    const bytes = Buffer.from(lines.join(""));
    try {
      writeSync(this.#fd, bytes);
      this.#bytes += bytes.length;
      if (this.#bytes > this.#options.maxBytes) this.#rotate();
    } catch (error) {
      // A full disk costs log lines and not the cluster.
      failures.publish({ path: this.path, error });
    }
    for (const line of lines) this.emit("line", line);
  }

  #rotate(): void {
    closeSync(this.#fd);
    const { maxFiles } = this.#options;
    rmSync(`${this.path}.${maxFiles - 1}`, { force: true });
    for (let index = maxFiles - 2; index >= 1; index--) rename(`${this.path}.${index}`, index + 1);
    renameSync(this.path, `${this.path}.1`);
    this.#fd = openSync(this.path, "a");
    this.#bytes = 0;
  }

  #end(): void {
    this.#ended = true;
    closeSync(this.#fd);
    this.emit("end");
  }
}

function rename(path: string, index: number): void {
  try {
    renameSync(path, path.replace(/\d+$/, String(index)));
  } catch {
    // There is none of that age yet.
  }
}
