import { createServer, type AddressInfo, type Socket } from "node:net";
import { systemClock, type Clock } from "../../../time/clock.ts";
import { run, type Session } from "./commands.ts";
import { CommandReader, encode, ProtocolError } from "./protocol.ts";
import { readSettings } from "./settings.ts";
import { Store } from "./store.ts";

/** A running redis. */
export interface RunningRedis extends AsyncDisposable {
  readonly port: number;
  /** Drops all connections and closes the port. */
  stop(): Promise<void>;
}

/** Serves an empty store; `settings` are redis.conf's, `port` among them. */
export async function startRedis(
  settings: ReadonlyMap<string, string>,
  clock: Clock = systemClock,
): Promise<RunningRedis> {
  const version = process.env["REDIS_VERSION"] ?? "7.4.1";
  const store = new Store(clock);
  const startedAtMs = clock.now();
  const sockets = new Set<Socket>();
  let lastId = 0;
  let commandsRun = 0;
  const info = (): Record<string, readonly string[]> => ({
    Server: [
      `redis_version:${version}`,
      "redis_mode:standalone",
      `process_id:${process.pid}`,
      `tcp_port:${settings.get("port")}`,
      `uptime_in_seconds:${Math.floor((clock.now() - startedAtMs) / 1000)}`,
    ],
    Clients: [`connected_clients:${sockets.size}`],
    Memory: [`used_memory:${process.memoryUsage().heapUsed}`],
    Stats: [`total_connections_received:${lastId}`, `total_commands_processed:${commandsRun}`],
    Replication: ["role:master", "connected_slaves:0"],
    Keyspace: keyspace(store),
  });

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const session: Session = {
      store,
      version,
      info,
      settings,
      id: ++lastId,
      name: undefined,
      closing: false,
    };
    converse(socket, session, () => commandsRun++);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(settings.get("port")), resolve);
  });
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { port: (server.address() as AddressInfo).port, stop, [Symbol.asyncDispose]: stop };
}

function keyspace(store: Store): readonly string[] {
  const keys = store.keys();
  const expiring = keys.filter((key) => store.leftMs(key) >= 0).length;
  return keys.length === 0 ? [] : [`db0:keys=${keys.length},expires=${expiring},avg_ttl=0`];
}

function converse(socket: Socket, session: Session, onCommand: () => void): void {
  const reader = new CommandReader();
  socket.setNoDelay(true);
  // Bytes as latin1, so that values come back as they were sent whatever they hold.
  socket.setEncoding("latin1");
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes: string) => {
    let replies = "";
    try {
      for (const command of reader.read(bytes)) {
        onCommand();
        replies += encode(run(command, session));
        if (session.closing) break;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      replies += `-ERR Protocol error: ${error.message}\r\n`;
      session.closing = true;
    }
    socket.write(replies, "latin1");
    if (session.closing) socket.end();
  });
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2));
  if (typeof settings === "string") {
    console.error(settings);
    process.exitCode = 1;
    return;
  }
  const redis = await startRedis(settings);
  console.log(`redis (stand-in of kubelab): ready to accept connections on ${redis.port}`);
  const stop = (signal: string): void => {
    console.log(`${signal} received, stops; what it held is gone`);
    void redis.stop().then(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

if (import.meta.main) await main();
