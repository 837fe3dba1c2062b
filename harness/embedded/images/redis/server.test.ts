import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { SteppedClock } from "../../../time/stepped-clock.ts";
import { startRedis, type RunningRedis } from "./server.ts";
import { readSettings } from "./settings.ts";

const anyPort = new Map([
  ["port", "0"],
  ["appendonly", "no"],
]);

/** Sends the bytes in the given pieces and answers all that comes until the connection is closed. */
async function converse(redis: RunningRedis, ...pieces: readonly string[]): Promise<string> {
  const socket = connect(redis.port, "127.0.0.1").setEncoding("latin1");
  const { received, closed } = receive(socket);
  for (const piece of pieces) {
    socket.write(piece, "latin1");
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.write("QUIT\r\n");
  await closed;
  return received().replace(/\+OK\r\n$/, "");
}

function receive(socket: Socket): { received: () => string; closed: Promise<unknown> } {
  let text = "";
  socket.on("data", (chunk: string) => (text += chunk));
  return { received: () => text, closed: once(socket, "close") };
}

// The answers are what redis 7.0 sent to the same bytes.
test.for([
  ["PING\r\nping hi\r\n*1\r\n$4\r\nPING\r\n", "+PONG\r\n$2\r\nhi\r\n+PONG\r\n"],
  ["ECHO 'a b'\r\nECHO \"a\\x41\\n\"\r\n", "$3\r\na b\r\n$3\r\naA\n\r\n"],
  ["PING a b\r\n", "-ERR wrong number of arguments for 'ping' command\r\n"],
  ["FOO a b\r\n", "-ERR unknown command 'FOO', with args beginning with: 'a' 'b' \r\n"],
  [
    "SET k 5\r\nINCR k\r\nDECR k\r\nINCRBY k 10\r\nDECRBY k 3\r\nGET k\r\n",
    "+OK\r\n:6\r\n:5\r\n:15\r\n:12\r\n$2\r\n12\r\n",
  ],
  ["SET k abc\r\nINCR k\r\n", "+OK\r\n-ERR value is not an integer or out of range\r\n"],
  [
    "SET k 9223372036854775807\r\nINCR k\r\n",
    "+OK\r\n-ERR increment or decrement would overflow\r\n",
  ],
  ["SET k v\r\nEXISTS k k nope\r\nDEL k nope\r\nGET k\r\n", "+OK\r\n:2\r\n:1\r\n$-1\r\n"],
  [
    "SET k 1 NX\r\nSET k 2 NX\r\nSET k 2 XX GET\r\nGET k\r\n",
    "+OK\r\n$-1\r\n$1\r\n1\r\n$1\r\n2\r\n",
  ],
  [
    "SET k 1 EX 0\r\nSET k 1 EX x\r\nSET k 1 FOO\r\n",
    "-ERR invalid expire time in 'set' command\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n",
  ],
  [
    "SELECT 0\r\nSELECT 99\r\nSELECT x\r\n",
    "+OK\r\n-ERR DB index is out of range\r\n-ERR value is not an integer or out of range\r\n",
  ],
  [
    "CONFIG GET appendonly\r\nCONFIG GET nope\r\nCONFIG FOO\r\n",
    "*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n*0\r\n-ERR unknown subcommand 'FOO'. Try CONFIG HELP.\r\n",
  ],
  [
    "TYPE k\r\nSET k a\r\nTYPE k\r\nMGET k l\r\nDBSIZE\r\nFLUSHALL\r\nDBSIZE\r\n",
    "+none\r\n+OK\r\n+string\r\n*2\r\n$1\r\na\r\n$-1\r\n:1\r\n+OK\r\n:0\r\n",
  ],
  [
    "HELLO 3\r\n*0\r\n\r\nCOMMAND DOCS\r\nPING\r\n",
    "-NOPROTO unsupported protocol version\r\n*0\r\n+PONG\r\n",
  ],
] as const)("%j is answered %j", async ([sent, answer]) => {
  await using redis = await startRedis(anyPort);
  expect(await converse(redis, sent)).toBe(answer);
});

test.for([
  ["*1\r\n$abc\r\n", "invalid bulk length"],
  ["*abc\r\n", "invalid multibulk length"],
  ["*1\r\n+x\r\n", "expected '$', got '+'"],
  ['ECHO "a\r\n', "unbalanced quotes in request"],
  ['SET x "a"b\r\n', "unbalanced quotes in request"],
])("%j is a protocol error, after which the connection is closed", async ([sent = "", why]) => {
  await using redis = await startRedis(anyPort);
  const socket = connect(redis.port, "127.0.0.1").setEncoding("latin1");
  const { received, closed } = receive(socket);

  socket.write(`PING\r\n${sent}PING\r\n`);
  await closed;

  expect(received()).toBe(`+PONG\r\n-ERR Protocol error: ${why}\r\n`);
});

test("commands are understood however the bytes are cut, and values keep all of theirs", async () => {
  await using redis = await startRedis(anyPort);
  const value = "\x00\r\n\xff*1";
  const bytes = `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.length}\r\n${value}\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`;

  expect(await converse(redis, ...bytes.split(""))).toBe(`+OK\r\n$${value.length}\r\n${value}\r\n`);
});

test("all connections count in the same store, each increment by one", async () => {
  await using redis = await startRedis(anyPort);
  const rounds = Array.from({ length: 20 }, () => converse(redis, "INCR n\r\n".repeat(50)));

  const seen = (await Promise.all(rounds)).flatMap((text) => text.match(/\d+/g) ?? []);

  expect(seen.map(Number).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 1000 }, (_, index) => index + 1),
  );
});

test("a key is gone once its time is over, and not before", async () => {
  const clock = new SteppedClock(1_000_000);
  await using redis = await startRedis(anyPort, clock);
  expect(await converse(redis, "SET k v EX 10\r\nTTL k\r\nPTTL k\r\n")).toBe(
    "+OK\r\n:10\r\n:10000\r\n",
  );

  await clock.advance(9_999);
  expect(await converse(redis, "GET k\r\nPTTL k\r\n")).toBe("$1\r\nv\r\n:1\r\n");
  await clock.advance(1);
  expect(await converse(redis, "GET k\r\nTTL k\r\nEXISTS k\r\nPERSIST k\r\n")).toBe(
    "$-1\r\n:-2\r\n:0\r\n:0\r\n",
  );
});

test("EXPIRE, PERSIST and KEEPTTL change when a key ends; SET alone takes the end off", async () => {
  await using redis = await startRedis(anyPort, new SteppedClock(0));
  const sent =
    "SET k 1\r\nEXPIRE k 100 XX\r\nEXPIRE k 100 NX\r\nEXPIRE k 5 NX\r\nINCR k\r\nTTL k\r\nSET k 2 KEEPTTL\r\nTTL k\r\nSET k 3\r\nTTL k\r\nEXPIRE k 9\r\nPERSIST k\r\nTTL k\r\nEXPIRE k 0\r\nGET k\r\n";

  expect(await converse(redis, sent)).toBe(
    "+OK\r\n:0\r\n:1\r\n:0\r\n:2\r\n:100\r\n+OK\r\n:100\r\n+OK\r\n:-1\r\n:1\r\n:1\r\n:-1\r\n:1\r\n$-1\r\n",
  );
});

test("INFO tells version, role and keyspace, and a section alone when asked", async () => {
  await using redis = await startRedis(anyPort);
  const all = await converse(redis, "SET a 1\r\nSET b 1 EX 9\r\nINFO\r\n");
  expect(all).toContain("# Server\r\nredis_version:7.4.1\r\n");
  expect(all).toContain("role:master\r\n");
  expect(await converse(redis, "INFO keyspace\r\n")).toBe(
    "$44\r\n# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=0\r\n\r\n",
  );
});

test("a setting that cannot be honoured is refused with the line", () => {
  expect(readSettings(["--port", "7000", "--save", ""])).toBeInstanceOf(Map);
  expect(readSettings(["--appendonly", "yes"])).toContain(`>>> 'appendonly "yes"'`);
  expect(readSettings(["--port", "7000", "--foo", "x"])).toMatch(/at line 2\n>>> 'foo "x"'\nBad/);
  expect(readSettings(["/etc/redis.conf"])).toContain("reads no config file: /etc/redis.conf");
});
