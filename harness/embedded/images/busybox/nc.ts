import { connect, createServer, type Socket } from "node:net";
import { parseArgs } from "node:util";

/** `nc [-z] [-v] [-w SEC] HOST PORT` connects; `nc -l -p PORT` takes one connection. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    l: { type: "boolean", short: "l" },
    p: { type: "string", short: "p" },
    z: { type: "boolean", short: "z" },
    v: { type: "boolean", short: "v" },
    n: { type: "boolean", short: "n" },
    w: { type: "string", short: "w" },
  },
});

function join(socket: Socket): void {
  socket.pipe(process.stdout);
  process.stdin.pipe(socket);
  socket.on("close", () => process.stdin.destroy());
}

function fail(text: string): void {
  process.stderr.write(`nc: ${text}\n`);
  process.exit(1);
}

if (values.l) {
  const server = createServer((socket) => {
    server.close();
    join(socket);
  });
  server.on("error", (error) => fail(error.message)).listen(Number(values.p ?? positionals[0]));
} else {
  const [host = "", port = ""] = positionals;
  const socket = connect(Number(port), host);
  if (values.w) socket.setTimeout(Number(values.w) * 1000, () => fail("timed out"));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTFOUND") fail(`bad address '${host}'`);
    else
      fail(
        `${host} (${host}:${port}): ${error.code === "ECONNREFUSED" ? "Connection refused" : error.message}`,
      );
  });
  socket.on("connect", () => {
    if (values.v) process.stderr.write(`${host} (${host}:${port}) open\n`);
    if (values.z) process.exit(0);
    socket.setTimeout(0);
    join(socket);
  });
}
