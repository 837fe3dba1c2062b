import type { Socket } from "node:net";

/**
 * Carries bytes both ways until both sides have ended. A half-closed side stays half-closed, a slow reader
 * slows the writer, and a reset on one side resets the other. Both sockets need `allowHalfOpen`.
 */
export function joinSockets(one: Socket, other: Socket): void {
  carry(one, other);
  carry(other, one);
}

function carry(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("error", () => reset(to));
  from.on("close", (hadError) => {
    // Without the end of its stream, the other side would wait for ever.
    if (hadError || !from.readableEnded) reset(to);
  });
}

/** Ends a connection with RST, as a program sees it whose peer broke down. */
export function reset(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy();
}
