import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { systemClock } from "../../../time/clock.ts";
import { createForwarder, type ForwarderOptions } from "./forward.ts";
import { Listener } from "./listener.ts";
import { replyLocally } from "./local-reply.ts";
import { forwardTcp } from "./tcp-forward.ts";

/** The smallest proxy: every request goes to one port of this machine. For tests. */
export async function startProxy(
  upstreamPort: number,
  options: Partial<ForwarderOptions> = {},
): Promise<Listener> {
  const forwarder = createForwarder({ clock: systemClock, ...options });
  const endpoint = { address: "127.0.0.1", port: upstreamPort };
  const listener = await Listener.open({
    clock: systemClock,
    protocol: () => "sniff",
    handler: async (exchange) => {
      try {
        return await forwarder.send(exchange, endpoint, exchange.signal);
      } catch (error) {
        return replyLocally(exchange, { status: 503, body: (error as Error).message });
      }
    },
    tcp: (socket) => {
      forwardTcp(socket, endpoint, { clock: systemClock }).catch(() => socket.resetAndDestroy());
    },
  });
  const stop = listener.stop.bind(listener);
  listener.stop = async () => {
    forwarder.close();
    await stop();
  };
  return listener;
}

/** A server of raw connections, closed with all of them. For tests. */
export async function startRawServer(
  onConnection: (socket: Socket) => void,
): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Sends bytes as they are and resolves with all that came back until the end of the connection. */
export async function exchangeBytes(
  port: number,
  bytes: string,
  options: { readonly until?: string; readonly end?: boolean } = {},
): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let received = "";
  socket.setEncoding("latin1");
  const done = new Promise<void>((resolve) => {
    socket.on("error", () => {});
    socket.on("close", () => resolve()).on("end", () => resolve());
    socket.on("data", (chunk: string) => {
      received += chunk;
      if (options.until !== undefined && received.includes(options.until)) resolve();
    });
  });
  socket.write(bytes, "latin1");
  if (options.end) socket.end();
  await done;
  socket.destroy();
  return received;
}
