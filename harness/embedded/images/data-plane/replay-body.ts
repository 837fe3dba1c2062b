import { Readable } from "node:stream";

/**
 * A request's body that can be sent more than once: to a second endpoint after the first failed, or to a
 * mirror. Keeps what has come so far, up to a limit; beyond it only those who began before can go on.
 */
export class ReplayBody {
  readonly #source: Readable;
  readonly #limitBytes: number;
  readonly #readers = new Set<Readable>();
  #chunks: Buffer[] = [];
  #keptBytes = 0;
  #isKept = true;
  #state: "flowing" | "ended" | "broken" = "flowing";

  /** Envoy gives up on retries beyond 1 MiB too. */
  constructor(source: Readable, limitBytes = 1 << 20) {
    this.#source = source;
    this.#limitBytes = limitBytes;
    source.pause();
    source.on("data", (chunk: Buffer) => this.#take(chunk));
    source.once("end", () => this.#finish("ended"));
    source.once("close", () => this.#finish("broken"));
    source.on("error", () => this.#finish("broken"));
  }

  /** Whether the body can still be had from its beginning. */
  get canReplay(): boolean {
    return this.#isKept;
  }

  /** Lets go of what was kept; those who began before can go on. */
  release(): void {
    this.#isKept = false;
    this.#chunks = [];
  }

  /** The body from its beginning. */
  open(): Readable {
    if (!this.#isKept) throw new Error("the body was not kept");
    const reader: Readable = new Readable({ read: () => this.#resume() });
    // A reader that is given up must not hold the others back.
    reader.once("close", () => {
      this.#readers.delete(reader);
      this.#resume();
    });
    reader.on("error", () => {});
    for (const chunk of this.#chunks) reader.push(chunk);
    if (this.#state === "ended") reader.push(null);
    else if (this.#state === "broken") reader.destroy(new Error("the client's body broke off"));
    else this.#readers.add(reader);
    return reader;
  }

  #take(chunk: Buffer): void {
    if (this.#isKept) {
      this.#chunks.push(chunk);
      this.#keptBytes += chunk.length;
      if (this.#keptBytes > this.#limitBytes) this.release();
    }
    let full = false;
    for (const reader of this.#readers) full = !reader.push(chunk) || full;
    if (full) this.#source.pause();
  }

  #resume(): void {
    if (this.#state === "flowing") this.#source.resume();
  }

  #finish(state: "ended" | "broken"): void {
    if (this.#state !== "flowing") return;
    this.#state = state;
    for (const reader of this.#readers) {
      if (state === "ended") reader.push(null);
      else reader.destroy(new Error("the client's body broke off"));
    }
    this.#readers.clear();
  }
}
