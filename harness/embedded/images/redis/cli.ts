import { connect } from "node:net";
import { parseArgs } from "node:util";

/** One reply in redis-cli's words, and how many characters it took; undefined while incomplete. */
export function format(received: string): { text: string; length: number } | undefined {
  const end = received.indexOf("\r\n");
  if (end < 0) return undefined;
  const head = received.slice(1, end);
  const length = end + 2;
  const type = received[0];
  if (type === "+") return { text: head, length };
  if (type === "-") return { text: `(error) ${head}`, length };
  if (type === ":") return { text: `(integer) ${head}`, length };
  if (type === "*") return formatArray(received, Number(head), length);
  if (head === "-1") return { text: "(nil)", length };
  const value = received.slice(length, length + Number(head));
  const whole = length + Number(head) + 2;
  return received.length < whole ? undefined : { text: `"${value}"`, length: whole };
}

function formatArray(
  received: string,
  count: number,
  start: number,
): { text: string; length: number } | undefined {
  const lines: string[] = [];
  let at = start;
  while (lines.length < count) {
    const inner = format(received.slice(at));
    if (!inner) return undefined;
    lines.push(`${lines.length + 1}) ${inner.text}`);
    at += inner.length;
  }
  return { text: count === 0 ? "(empty array)" : lines.join("\n"), length: at };
}

function main(): void {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    options: {
      h: { type: "string", short: "h", default: "127.0.0.1" },
      p: { type: "string", short: "p", default: "6379" },
    },
    allowPositionals: true,
  });
  if (positionals.length === 0) {
    console.error("say a command: redis-cli [-h host] [-p port] GET key");
    process.exitCode = 1;
    return;
  }
  const socket = connect(Number(values.p), values.h).setEncoding("latin1");
  const words = positionals.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  socket.write(`*${words.length}\r\n${words.join("")}`);
  let received = "";
  socket.on("data", (text: string) => {
    received += text;
    const reply = format(received);
    if (!reply) return;
    // As redis-cli: the raw string where the output is not a terminal.
    const raw = process.stdout.isTTY
      ? reply.text
      : reply.text.replace(/^"([^]*)"$|^\(.*?\) /, "$1");
    process.stdout.write(`${raw === "(nil)" ? "" : raw}\n`, "latin1");
    if (reply.text.startsWith("(error)")) process.exitCode = 1;
    socket.end();
  });
  socket.on("error", (error) => {
    console.error(`Could not connect to Redis at ${values.h}:${values.p}: ${error.message}`);
    process.exitCode = 1;
  });
}

if (import.meta.main) main();
