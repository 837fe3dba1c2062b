import { PassThrough, type Readable, Writable } from "node:stream";
import type { WebSocket } from "ws";

/** The WebSocket protocols that carry numbered channels; newest first. */
export const channelProtocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"] as const;

const closeChannel = 255;

/** Channels over one WebSocket: each message begins with its channel's number. */
export class ChannelSocket {
  readonly signal: AbortSignal;
  readonly #socket: WebSocket;
  readonly #inputs = new Map<number, PassThrough>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    const gone = new AbortController();
    this.signal = gone.signal;
    socket.binaryType = "nodebuffer";
    socket.on("message", (data) => this.#receive(data as Buffer));
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      for (const input of this.#inputs.values()) input.end();
      gone.abort(new Error("the client has closed the connection"));
    });
  }

  /** What the client sends on the channel. */
  input(channel: number): Readable {
    const input = new PassThrough();
    this.#inputs.set(channel, input);
    return input;
  }

  /** Sends to the client on the channel. */
  output(channel: number): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#send(channel, chunk, () => done()),
    });
  }

  /** Sends one last message and closes. */
  end(channel: number, message: string): void {
    this.#send(channel, Buffer.from(message), () => this.#socket.close(1000));
  }

  close(): void {
    this.#socket.close(1000);
  }

  #send(channel: number, chunk: Buffer, done: () => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return done();
    this.#socket.send(Buffer.concat([Buffer.from([channel]), chunk]), { binary: true }, () =>
      done(),
    );
  }

  #receive(data: Buffer): void {
    const [channel = 0] = data;
    // v5 closes one direction of a channel without closing the connection.
    if (channel === closeChannel) return void this.#inputs.get(data[1] ?? 0)?.end();
    const input = this.#inputs.get(channel);
    if (input && data.length > 1) input.write(data.subarray(1));
  }
}
