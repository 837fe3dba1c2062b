import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { joinSockets, reset } from "./join-sockets.ts";
import type { Target } from "./wire.ts";

export interface OutsideListenerOptions {
  /** The port that is wanted; another one is taken where it is not free. */
  readonly port: number;
  /** The address to listen on. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** Where a new connection goes; undefined refuses it. */
  readonly route: (signal: AbortSignal) => Promise<Target | undefined>;
}

/** Taken by another program, or below 1024 and not for this user. */
const notFree = new Set(["EADDRINUSE", "EACCES"]);

/** A port of the machine that leads to a Service. */
export class OutsideListener {
  readonly #options: OutsideListenerOptions;
  readonly #connections = new Set<Socket>();
  #port: number;
  #server: Server | undefined;

  constructor(options: OutsideListenerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** The port in use, or last in use. */
  get port(): number {
    return this.#port;
  }

  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  /** Opens the port. Returns false where another than the wanted one had to do. */
  async open(): Promise<boolean> {
    if (this.#server) return true;
    try {
      await this.#listen(this.#port);
      return true;
    } catch (error) {
      if (!notFree.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
    await this.#listen(0);
    return false;
  }

  /** Refuses new connections; open ones go on. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Ends everything. */
  close(): void {
    this.refuse();
    for (const socket of this.#connections) reset(socket);
  }

  #listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.on("connection", (socket) => void this.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: this.#options.host ?? "127.0.0.1", port }, () => {
        this.#server = server;
        this.#port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  async #accept(outside: Socket): Promise<void> {
    const gone = new AbortController();
    this.#connections.add(outside);
    outside.on("error", () => {});
    outside.once("close", () => {
      this.#connections.delete(outside);
      gone.abort();
    });
    const target = await this.#options.route(gone.signal).catch(() => undefined);
    if (!target) return reset(outside);
    const inside = connect({ ...target, allowHalfOpen: true, noDelay: true });
    inside.on("error", () => reset(outside));
    outside.once("close", () => inside.connecting && inside.destroy());
    inside.once("connect", () => joinSockets(outside, inside));
  }
}
