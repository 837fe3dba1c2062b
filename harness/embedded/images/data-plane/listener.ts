import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer, TLSSocket } from "node:tls";
import type { Clock } from "../../../time/clock.ts";
import { type ClientHello, readClientHello } from "./client-hello.ts";
import type { Downstream, Handler } from "./exchange.ts";
import { Http1Server } from "./http1-server.ts";
import { Http2Server } from "./http2-server.ts";
import { type Sniffed, sniff } from "./sniff.ts";

/** What clients speak on a port: declared, or found from their first bytes. */
export type ListenerProtocol = "http" | "http2" | "tcp" | "sniff";

/** Deals with a connection that is not HTTP. */
export type TcpHandler = (socket: Socket, downstream: Downstream) => void;

/** TLS on a listener. */
export interface ListenerTls {
  /** Node's options: SNICallback, requestCert, ca, ... */
  readonly options: Parameters<typeof createTlsServer>[0];
  /** Whether clients may also come without TLS. */
  readonly optional: boolean;
  /** Whether this TLS is for us; what is not is passed on as it came. @default all is */
  readonly accepts?: (hello: ClientHello) => boolean;
}

/** How a listener takes its connections. */
export interface ListenerOptions {
  readonly clock: Clock;
  readonly handler: Handler;
  readonly tcp: TcpHandler;
  /** Asked for every new connection, so that a changed configuration counts at once. */
  readonly protocol: () => ListenerProtocol;
  readonly tls?: (() => ListenerTls | undefined) | undefined;
  /** A connection without TLS where TLS is required; it is reset after this call. */
  readonly onPlaintextRefused?: ((downstream: Downstream) => void) | undefined;
  /** Makes the server listen and answers its port. @default on any free port of 127.0.0.1 */
  readonly bind?: ((server: Server) => Promise<number>) | undefined;
}

/** Listens on this port of every address, as a program in a pod does. */
export function bindTo(port: number, host = "0.0.0.0"): (server: Server) => Promise<number> {
  return (server) =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
    });
}

/** A port that speaks HTTP/1.1, HTTP/2 or plain TCP, with or without TLS, as its clients need. */
export class Listener implements AsyncDisposable {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #tls: { readonly settings: ListenerTls; readonly server: TlsServer } | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.#http1 = new Http1Server(options.handler, options.clock);
    this.#http2 = new Http2Server(options.handler, options.clock);
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      this.#accept(socket);
    });
  }

  /** Opens the port. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    listener.#port = await (options.bind ?? bindTo(0, "127.0.0.1"))(listener.#server);
    return listener;
  }

  get port(): number {
    return this.#port;
  }

  /** Closes connections after their next answer, and still accepts new ones. */
  retire(): void {
    this.#http1.drain();
    this.#http2.drain();
  }

  /** Accepts nothing new; what is in flight is answered, then its connection closed. */
  drain(): void {
    this.#server.close();
    this.#http1.drain();
    this.#http2.drain();
  }

  stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#http1.close();
      this.#http2.close();
      for (const socket of this.#sockets) socket.destroy();
    });
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #accept(socket: Socket): void {
    const tls = this.#options.tls?.();
    const protocol = this.#options.protocol();
    if (!tls) return this.#dispatch(socket, protocol, describe(socket), "http");
    this.#peek(socket, (kind, seen) => {
      const hello = kind === "tls" ? readClientHello(seen) : undefined;
      const isOurs = kind === "tls" && (!tls.accepts || (isHello(hello) && tls.accepts(hello)));
      if (isOurs) return void this.#tlsServer(tls).emit("connection", socket);
      if (tls.optional) return this.#dispatch(socket, protocol, describe(socket), "http");
      this.#options.onPlaintextRefused?.(describe(socket));
      socket.resetAndDestroy();
    });
  }

  #tlsServer(settings: ListenerTls): TlsServer {
    if (this.#tls?.settings === settings) return this.#tls.server;
    const server = createTlsServer(settings.options ?? {}, (socket) => {
      socket.on("error", () => socket.destroy());
      this.#dispatch(socket, this.#options.protocol(), describe(socket), "https");
    });
    server.on("tlsClientError", () => {});
    this.#tls = { settings, server };
    return server;
  }

  #dispatch(
    socket: Socket,
    protocol: ListenerProtocol,
    downstream: Downstream,
    scheme: "http" | "https",
  ): void {
    if (protocol === "tcp") return this.#options.tcp(socket, downstream);
    // HTTP/1 ports also take HTTP/2 with prior knowledge, as Envoy's AUTO codec does.
    this.#peek(socket, (kind) => {
      if (kind === "http2") this.#http2.accept(socket, downstream, scheme);
      else if (kind === "http1" || protocol !== "sniff") {
        this.#http1.accept(socket, downstream, scheme);
      } else this.#options.tcp(socket, downstream);
    });
  }

  /** Reads until the protocol is known, then puts every byte back. */
  #peek(socket: Socket, onKnown: (kind: Sniffed, seen: Buffer) => void): void {
    let seen: Buffer = Buffer.alloc(0);
    const finish = (kind: Sniffed): void => {
      socket.off("readable", onReadable).off("end", onEnd);
      if (seen.length > 0) socket.unshift(seen);
      onKnown(kind, seen);
    };
    const onReadable = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk; chunk = socket.read()) {
        seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      }
      const kind = sniff(seen);
      if (kind === "tls" && readClientHello(seen) === "more") return;
      if (kind !== "more") finish(kind);
    };
    // A client that ends before saying anything recognisable is passed on as it came.
    const onEnd = (): void => (seen.length > 0 ? finish("tcp") : void socket.destroy());
    socket.on("readable", onReadable).on("end", onEnd);
  }
}

function isHello(hello: ReturnType<typeof readClientHello>): hello is ClientHello {
  return typeof hello === "object";
}

function describe(socket: Socket): Downstream {
  const peer = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined;
  return {
    remoteAddress: (socket.remoteAddress ?? "").replace(/^::ffff:/, ""),
    remotePort: socket.remotePort ?? 0,
    localAddress: (socket.localAddress ?? "").replace(/^::ffff:/, ""),
    localPort: socket.localPort ?? 0,
    peerIdentity: /(?:^|, )URI:([^,]+)/.exec(peer?.subjectaltname ?? "")?.[1],
    peerHash: peer?.fingerprint256?.replaceAll(":", "").toLowerCase(),
    serverName: socket instanceof TLSSocket ? socket.servername || undefined : undefined,
  };
}
