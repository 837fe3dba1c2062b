import { type Duplex, PassThrough, type Readable, Writable } from "node:stream";
import { HeaderBlocks } from "./spdy-headers.ts";

const synStream = 1;
const synReply = 2;
const resetStream = 3;
const ping = 6;
const goAway = 7;
const finFlag = 1;

/** One stream that the client has opened. */
export interface SpdyStream {
  readonly headers: ReadonlyMap<string, string>;
  /** What the client sends. */
  readonly input: Readable;
  /** What we send; ending it half-closes the stream. */
  readonly output: Writable;
}

interface OpenStream extends SpdyStream {
  readonly input: PassThrough;
}

/**
 * The server's side of SPDY/3.1, as much of it as kubectl's exec, attach and port-forward use: streams
 * that the client opens, data, half-closes, resets and pings. There is no flow control: kubectl has none.
 */
export class SpdyConnection {
  readonly signal: AbortSignal;
  readonly #socket: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #headers = new HeaderBlocks();
  readonly #streams = new Map<number, OpenStream>();
  #received = Buffer.alloc(0);
  #working = Promise.resolve();

  constructor(socket: Duplex, head: Buffer, onStream: (stream: SpdyStream) => void) {
    const gone = new AbortController();
    this.signal = gone.signal;
    this.#socket = socket;
    this.#onStream = onStream;
    const receive = (chunk: Buffer): void => {
      // Frames are handled one after another: header blocks depend on those before them.
      this.#working = this.#working
        .then(() => this.#receive(chunk))
        .catch(() => void socket.destroy());
    };
    if (head.length > 0) receive(head);
    socket.on("data", receive);
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      for (const { input } of this.#streams.values()) input.end();
      this.#headers.close();
      gone.abort(new Error("the client has closed the connection"));
    });
  }

  /** Says goodbye once everything written is out. */
  close(): void {
    if (this.#socket.writable) this.#socket.end(controlFrame(goAway, 0, Buffer.alloc(8)));
  }

  async #receive(chunk: Buffer): Promise<void> {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      if (this.#received.length < 8) return;
      const end = 8 + (this.#received.readUInt32BE(4) & 0xff_ff_ff);
      if (this.#received.length < end) return;
      const frame = this.#received.subarray(0, end);
      this.#received = this.#received.subarray(end);
      await this.#handle(frame);
    }
  }

  async #handle(frame: Buffer): Promise<void> {
    const flags = frame.readUInt8(4);
    const body = frame.subarray(8);
    if ((frame.readUInt8(0) & 0x80) === 0) {
      return this.#handleData(frame.readUInt32BE(0) & 0x7f_ff_ff_ff, flags, body);
    }
    const type = frame.readUInt16BE(2);
    if (type === synStream) await this.#open(flags, body);
    else if (type === ping) this.#socket.write(controlFrame(ping, 0, body));
    else if (type === resetStream) this.#streams.get(body.readUInt32BE(0))?.input.end();
    else if (type === goAway) this.#socket.end();
  }

  #handleData(id: number, flags: number, data: Buffer): void {
    const stream = this.#streams.get(id);
    if (data.length > 0) stream?.input.write(data);
    if (flags & finFlag) stream?.input.end();
  }

  async #open(flags: number, body: Buffer): Promise<void> {
    const id = body.readUInt32BE(0) & 0x7f_ff_ff_ff;
    const headers = await this.#headers.read(body.subarray(10));
    const streamId = Buffer.alloc(4);
    streamId.writeUInt32BE(id);
    const reply = Buffer.concat([streamId, await this.#headers.empty()]);
    this.#socket.write(controlFrame(synReply, 0, reply));
    const stream = { headers, input: new PassThrough(), output: this.#outputOf(id) };
    this.#streams.set(id, stream);
    if (flags & finFlag) stream.input.end();
    this.#onStream(stream);
  }

  #outputOf(id: number): Writable {
    const send = (flags: number, data: Buffer, done: () => void): void => {
      if (!this.#socket.writable) return done();
      this.#socket.write(dataFrame(id, flags, data), () => done());
    };
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => send(0, chunk, done),
      final: (done) => send(finFlag, Buffer.alloc(0), done),
    });
  }
}

function controlFrame(type: number, flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(0x80_03, 0);
  header.writeUInt16BE(type, 2);
  header.writeUInt32BE(body.length, 4);
  header.writeUInt8(flags, 4);
  return Buffer.concat([header, body]);
}

function dataFrame(id: number, flags: number, data: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(id, 0);
  header.writeUInt32BE(data.length, 4);
  header.writeUInt8(flags, 4);
  return Buffer.concat([header, data]);
}
