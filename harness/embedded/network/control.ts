import net from "node:net";
import { systemClock } from "../../time/clock.ts";
import type { Credential } from "./credential.ts";
import {
  receiveMessages,
  send,
  type Message,
  type Question,
  type Reply,
  type Request,
} from "./wire.ts";

type Done = (reply: Reply) => void;
type Answer = (question: Question) => Promise<number | undefined>;

export interface ControlOptions {
  /** The control socket's path, or a named pipe. */
  readonly path: string;
  readonly credential: Credential;
  /** net's own connect, from before the preload changed it. */
  readonly connect: (socket: net.Socket, path: string) => void;
}

/** How long a request waits for a node proxy that is not there. */
const patienceMs = 2_000;
const retryMs = 100;
/** Carried by requests whose reply nobody waits for. */
const unasked = -1;

/** A process's line to the node proxy: opened when first needed, and again when it broke. */
export class Control {
  readonly #options: ControlOptions;
  readonly #pending = new Map<number, { body: Request; done: Done }>();
  readonly #lasting = new Map<string, Request>();
  #answer: Answer | undefined;
  #socket: net.Socket | undefined;
  #opening = false;
  #closed = false;
  #next = 1;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /**
   * Sends a request; `done` is called once, with failures of code ENETUNREACH where nobody answers.
   * Returns what gives the request up: it then keeps the process alive no longer.
   */
  ask(body: Request, done: Done): () => void {
    const id = this.#next++;
    this.#pending.set(id, { body, done });
    if (this.#socket) {
      this.#socket.ref();
      send(this.#socket, { request: id, body });
    } else void this.#open();
    return () => {
      if (this.#pending.delete(id) && this.#pending.size === 0) this.#socket?.unref();
    };
  }

  /** As `ask`; what succeeded is said again to every new node proxy, until `drop`. */
  keep(key: string, body: Request, done: Done): void {
    this.ask(body, (reply) => {
      if (!reply.failures) this.#lasting.set(key, body);
      done(reply);
    });
  }

  drop(key: string): void {
    this.#lasting.delete(key);
  }

  /** Who answers the node proxy's questions. */
  answerWith(answer: Answer | undefined): void {
    this.#answer = answer;
  }

  /** For good. */
  close(): void {
    this.#closed = true;
    this.#lasting.clear();
    this.#socket?.destroy();
    this.#failPending("closed");
  }

  async #open(): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    const untilMs = systemClock.now() + patienceMs;
    let reason = await this.#tryOpen();
    while (reason !== undefined && !this.#closed) {
      if (systemClock.now() > untilMs) this.#failPending(reason);
      if (this.#pending.size === 0 && this.#lasting.size === 0) break;
      await this.#pause();
      reason = await this.#tryOpen();
    }
    this.#opening = false;
    // Asked after the loop gave up, before it said so.
    if (reason !== undefined && this.#pending.size > 0 && !this.#closed) void this.#open();
  }

  /** Keeps the process alive only while somebody waits for an answer. */
  async #pause(): Promise<void> {
    if (this.#pending.size > 0) return systemClock.sleep(retryMs);
    return new Promise((resolve) => void systemClock.after(retryMs, resolve));
  }

  /** Resolves to why it did not work. */
  #tryOpen(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const socket = new net.Socket();
      let why = "it closed the connection";
      socket.on("error", (error) => (why = error.message));
      socket.on("close", () => {
        resolve(why);
        if (this.#socket === socket) this.#lost();
      });
      receiveMessages(socket, (message) => {
        if ("rejected" in message) why = message.rejected;
        else if ("reply" in message && message.reply === 0) {
          this.#opened(socket);
          resolve(undefined);
        } else this.#receive(socket, message);
      });
      this.#options.connect(socket, this.#options.path);
      // Waiting for a node proxy to come back is no reason to live on.
      if (this.#pending.size === 0) socket.unref();
      send(socket, { request: 0, body: { op: "hello", ...this.#options.credential } });
    });
  }

  #opened(socket: net.Socket): void {
    this.#socket = socket;
    for (const body of this.#lasting.values()) send(socket, { request: unasked, body });
    for (const [id, { body }] of this.#pending) send(socket, { request: id, body });
    if (this.#pending.size === 0) socket.unref();
  }

  #receive(socket: net.Socket, message: Message): void {
    if ("reply" in message) {
      const waiting = this.#pending.get(message.reply);
      this.#pending.delete(message.reply);
      waiting?.done(message.body);
      if (this.#pending.size === 0) socket.unref();
    } else if ("question" in message) {
      void this.#reply(socket, message.question, message.body);
    }
  }

  async #reply(socket: net.Socket, question: number, body: Question): Promise<void> {
    try {
      send(socket, { answer: question, real: await this.#answer?.(body) });
    } catch {
      // The sidecar's way to refuse a connection.
      send(socket, { answer: question, failed: true });
    }
  }

  #lost(): void {
    this.#socket = undefined;
    if (this.#closed) return;
    if (this.#pending.size > 0 || this.#lasting.size > 0) void this.#open();
  }

  #failPending(reason: string): void {
    const failures = [{ code: "ENETUNREACH", detail: `kubelab's node proxy: ${reason}` }];
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { done } of waiting) done({ failures });
  }
}
