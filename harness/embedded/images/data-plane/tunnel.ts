import type { Duplex } from "node:stream";

/** Bytes that went each way through a tunnel. */
export interface TunnelBytes {
  readonly received: number;
  readonly sent: number;
}

/**
 * Joins two connections until both directions have ended: each end is passed on as an end
 * (half-close) and each break as a break. Resolves when both are closed.
 */
export function joinConnections(client: Duplex, upstream: Duplex): Promise<TunnelBytes> {
  let received = 0;
  let sent = 0;
  client.on("data", (chunk: Buffer) => (received += chunk.length));
  upstream.on("data", (chunk: Buffer) => (sent += chunk.length));
  client.pipe(upstream);
  upstream.pipe(client);
  return new Promise((resolve) => {
    let open = 2;
    const onClose = (other: Duplex) => (): void => {
      open -= 1;
      if (open === 0) resolve({ received, sent });
      else if (!other.writableEnded) other.destroy();
    };
    // Errors end in "close", which follows every one of them.
    client.on("error", () => upstream.destroy()).on("close", onClose(upstream));
    upstream.on("error", () => reset(client)).on("close", onClose(client));
  });
}

/** A connection broken upstream must not look like one that ended well. */
function reset(connection: Duplex): void {
  if ("resetAndDestroy" in connection && typeof connection.resetAndDestroy === "function") {
    connection.resetAndDestroy();
  } else {
    connection.destroy();
  }
}
