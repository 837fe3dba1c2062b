import type { Socket } from "node:net";
import type { Clock } from "../../../time/clock.ts";
import { openSocket } from "./open-socket.ts";
import { joinConnections, type TunnelBytes } from "./tunnel.ts";
import { type Endpoint, toUpstreamError, UpstreamError, type UpstreamTls } from "./upstream.ts";

/** How a TCP connection is passed on. */
export interface TcpForwardOptions {
  readonly clock: Clock;
  /** @default 10000 */
  readonly connectTimeoutMs?: number | undefined;
  readonly tls?: UpstreamTls | undefined;
}

/**
 * Passes a client's connection on to the endpoint, bytes as they came in both directions.
 * Rejects with UpstreamError where the endpoint cannot be reached; the client's connection is then
 * still open and the caller's to reset or to try elsewhere.
 */
export async function forwardTcp(
  client: Socket,
  endpoint: Endpoint,
  options: TcpForwardOptions,
): Promise<TunnelBytes> {
  const upstream = await connectTo(endpoint, options);
  if (client.destroyed) {
    upstream.destroy();
    return { received: 0, sent: 0 };
  }
  return joinConnections(client, upstream);
}

function connectTo(endpoint: Endpoint, options: TcpForwardOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(endpoint, {
      tls: options.tls,
      allowHalfOpen: !options.tls,
    });
    const cancel = options.clock.after(options.connectTimeoutMs ?? 10_000, () => {
      socket.destroy(new UpstreamError("connect-timeout", "connection timeout", {}));
    });
    const onError = (error: Error): void => {
      cancel();
      reject(toUpstreamError(error, false));
    };
    socket.once("error", onError);
    socket.once(options.tls ? "secureConnect" : "connect", () => {
      cancel();
      socket.off("error", onError);
      resolve(socket);
    });
  });
}
