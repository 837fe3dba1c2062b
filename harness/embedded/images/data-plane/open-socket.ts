import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Endpoint, UpstreamTls } from "./upstream.ts";

/** How a connection behaves. */
export interface SocketOptions {
  readonly tls?: UpstreamTls | undefined;
  /** Stays open for writing when the peer has ended. @default false */
  readonly allowHalfOpen?: boolean;
}

/** Opens a connection that sends what it is given at once. */
export function openSocket(endpoint: Endpoint, options: SocketOptions): Socket {
  const { tls, allowHalfOpen = false } = options;
  const socket = connect({ host: endpoint.address, port: endpoint.port, allowHalfOpen });
  // Not by option: a small frame that waits for the peer's delayed acknowledgement costs 40 ms.
  socket.setNoDelay(true);
  return tls ? secure(socket, tls) : socket;
}

/** TLS whose peer is judged by its URI name and not by its host name. */
function secure(socket: Socket, tls: UpstreamTls): Socket {
  return connectTls({
    // Connected by node:net so that a pod's preload gives the connection its pod's network.
    socket,
    secureContext: tls.context,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(tls.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
    rejectUnauthorized: !tls.insecure,
    checkServerIdentity: (_host, certificate) => {
      const uri = /(?:^|, )URI:([^,]+)/.exec(certificate.subjectaltname ?? "")?.[1];
      const wrong = tls.verifyPeer?.(uri);
      return wrong === undefined ? undefined : new Error(wrong);
    },
  });
}
