import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { LabError } from "../../../errors/lab-error.ts";
import type { KeyedCertificate } from "../auth/certificates.ts";

/** How the HTTPS server is made. */
export interface HttpsServerOptions {
  readonly serving: KeyedCertificate;
  readonly caCertificate: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The address to listen on. */
  readonly host: string;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** A listening HTTPS server. */
export interface ListeningServer extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection; harmless when called again. */
  stop(): Promise<void>;
}

/** Listens; client certificates are asked for, and judged by whoever handles requests. */
export async function startHttpsServer(options: HttpsServerOptions): Promise<ListeningServer> {
  const server = createServer(
    {
      cert: options.serving.certificate,
      key: options.serving.key,
      ca: options.caCertificate,
      requestCert: true,
      rejectUnauthorized: false,
      keepAliveTimeout: 120_000,
    },
    options.onRequest,
  );
  server.requestTimeout = 0;
  server.headersTimeout = 30_000;
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (request, socket, head) => {
    upgraded.add(socket);
    socket.on("close", () => upgraded.delete(socket));
    options.onUpgrade(request, socket, head);
  });
  // A client that breaks off a handshake is no trouble of ours.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  await listen(server, options);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= close(server, upgraded));
  const { port } = server.address() as AddressInfo;
  return { port, stop, [Symbol.asyncDispose]: stop };
}

function listen(
  server: Server,
  { host, port }: Pick<HttpsServerOptions, "host" | "port">,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      const message = `API server: port ${port} of ${host} is in use by another program`;
      reject(new LabError("PORT_IN_USE", message, { cause: error, facts: { port } }));
    });
    server.listen(port, host, () => resolve());
  });
}

function close(server: Server, upgraded: ReadonlySet<Duplex>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of upgraded) socket.destroy();
    server.closeAllConnections();
  });
}
