import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startRawServer } from "../data-plane/proxy.fixture.ts";

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function curl(...args: readonly string[]): Promise<Ran> {
  const program = fileURLToPath(new URL("curl.ts", import.meta.url));
  const child = spawn(process.execPath, [program, ...args]);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, stdout, stderr };
}

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly received: string[];
}

/** A server that answers these bytes to whatever comes. */
async function answering(answer: string | ((socket: Socket) => void)): Promise<Server> {
  const received: string[] = [];
  const server = await startRawServer((socket) => {
    socket.once("data", (bytes: Buffer) => {
      received.push(bytes.toString());
      if (typeof answer === "string") socket.end(answer);
      else answer(socket);
    });
  });
  const { port } = server;
  const dispose = async (): Promise<void> => server[Symbol.asyncDispose]();
  return { url: `http://127.0.0.1:${port}/`, port, received, [Symbol.asyncDispose]: dispose };
}

const plain =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: b\r\nX-A: c\r\nContent-Length: 3\r\n\r\nok\n";
const missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n";

// Codes and words are those of curl 7.88 against the same servers.
test.for([
  { what: "says nothing", answer: "", code: 52, says: "Empty reply from server" },
  {
    what: "resets",
    answer: (socket: Socket) => void socket.resetAndDestroy(),
    code: 56,
    says: "Recv failure: Connection reset by peer",
  },
  {
    what: "ends early",
    answer: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    code: 18,
    says: "transfer closed with 6 bytes remaining to read",
    stdout: "half",
  },
  {
    what: "ends in the middle of chunks",
    answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    code: 18,
    says: "transfer closed with outstanding read data remaining",
    stdout: "abc",
  },
  {
    what: "speaks no HTTP",
    answer: "garbage\r\n\r\n",
    code: 1,
    says: "Received HTTP/0.9 when not allowed",
  },
])("a server that $what is exit code $code", async ({ answer, code, says, stdout = "" }) => {
  await using server = await answering(answer);
  const ran = await curl("-sS", server.url);
  expect(ran).toEqual({ code, stdout, stderr: `curl: (${code}) ${says}\n` });
});

test("a closed port is exit code 7, an unknown name 6, and -s keeps quiet", async () => {
  const gone = await answering("");
  await gone[Symbol.asyncDispose]();
  const refused = await curl("-sS", gone.url);
  expect(refused.code).toBe(7);
  expect(refused.stderr).toMatch(
    new RegExp(
      `^curl: \\(7\\) Failed to connect to 127\\.0\\.0\\.1 port ${gone.port} after \\d+ ms: Couldn't connect to server\n$`,
    ),
  );
  expect(await curl("-s", gone.url)).toEqual({ code: 7, stdout: "", stderr: "" });
  expect((await curl("-sS", "-w", "%{http_code}", gone.url)).stdout).toBe("000");
  expect((await curl("http://no-such-host.invalid/")).code).toBe(6);
});

test("-m ends a request that takes longer, with 28", async () => {
  await using server = await answering(() => {});
  const { code, stderr } = await curl("-sS", "-m", "0.3", server.url);
  expect(code).toBe(28);
  expect(stderr).toMatch(
    /^curl: \(28\) Operation timed out after 3\d\d milliseconds with 0 bytes received\n$/,
  );
});

test("-i, -I and -v show heads as they came", async () => {
  await using server = await answering(plain);
  expect((await curl("-si", server.url)).stdout).toBe(plain);
  const traced = await curl("-sv", "-H", "X-B: c", server.url);
  expect(traced.stdout).toBe("ok\n");
  expect(traced.stderr).toContain("> GET / HTTP/1.1\n");
  expect(traced.stderr).toContain("> X-B: c\n");
  expect(traced.stderr).toContain("< HTTP/1.1 200 OK\n");
  await using headOnly = await answering(plain.slice(0, -3));
  expect((await curl("-sI", headOnly.url)).stdout).toBe(plain.slice(0, -3));
  expect(headOnly.received[0]).toMatch(/^HEAD \/ /);
});

test("a request carries curl's headers, those of -H in their place, and no Connection", async () => {
  await using server = await answering(plain);
  await curl("-s", "-H", "Host: a.io", "-H", "Accept:", "-H", "X-A: 1", "-H", "x-a: 2", server.url);
  expect(server.received[0]).toBe(
    "GET / HTTP/1.1\r\nHost: a.io\r\nUser-Agent: curl/8.17.0\r\nX-A: 1\r\nX-A: 2\r\n\r\n",
  );
});

test("-d is a form by POST, -X another method, -G the query", async () => {
  await using server = await answering(plain);
  await curl("-s", "-d", "a=b", "--data-raw", "@c", server.url);
  await curl("-sXPUT", "-da=b", server.url);
  await curl("-sG", "-d", "a=b", server.url);
  expect(server.received[0]).toMatch(/^POST \/ /);
  expect(server.received[0]).toContain("Content-Length: 6\r\n");
  expect(server.received[0]).toContain(
    "Content-Type: application/x-www-form-urlencoded\r\n\r\na=b&@c",
  );
  expect(server.received[1]).toMatch(/^PUT \/ /);
  expect(server.received[2]).toMatch(/^GET \/\?a=b /);
});

test("-f makes an error status exit code 22 and hides its page; without it the page is shown", async () => {
  await using server = await answering(missing);
  expect(await curl("-sSf", server.url)).toEqual({
    code: 22,
    stdout: "",
    stderr: "curl: (22) The requested URL returned error: 404\n",
  });
  expect(await curl("-sS", server.url)).toEqual({ code: 0, stdout: "no\n", stderr: "" });
  expect((await curl("-s", "--fail-with-body", server.url)).stdout).toBe("no\n");
});

test("-L follows, -w tells where it ended, --max-redirs is a limit", async () => {
  await using end = await answering(missing);
  await using first = await answering(
    `HTTP/1.1 302 Found\r\nLocation: ${end.url}x\r\nContent-Length: 0\r\n\r\n`,
  );
  const format = "%{http_code}|%{num_redirects}|%{url_effective}|%{size_download}\\n";
  const { stdout } = await curl("-sSL", "-d", "a", "-o", "/dev/null", "-w", format, first.url);
  expect(stdout).toBe(`404|1|${end.url}x|3\n`);
  expect(end.received[0]).toMatch(/^GET \/x /);
  expect((await curl("-s", first.url, "-w", "%{redirect_url}")).stdout).toBe(`${end.url}x`);
  expect((await curl("-sL", "--max-redirs", "0", first.url)).code).toBe(47);
});

test("--resolve sends a name to an address and keeps the name as the host", async () => {
  await using server = await answering(plain);
  const { port } = server;
  const ran = await curl("-s", "--resolve", `a.io:${port}:127.0.0.1`, `http://a.io:${port}/x`);
  expect(ran.stdout).toBe("ok\n");
  expect(server.received[0]).toContain(`Host: a.io:${port}\r\n`);
});

test("-o writes to a file; one that cannot be written is exit code 23", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "kubelab-curl-"));
  await using server = await answering(plain);
  const file = join(folder.path, "out");
  expect(await curl("-sS", "-o", file, server.url)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await readFile(file, "utf8")).toBe("ok\n");
  expect((await curl("-s", "-o", join(folder.path, "no/out"), server.url)).code).toBe(23);
});

test.for([
  [["--foo", "http://x"], 2, "curl: option --foo: is unknown\n"],
  [["-sZq", "http://x"], 2, "curl: option -sZq: is unknown\n"],
  [["-s"], 2, "curl: no URL specified\n"],
  [["-m"], 2, "curl: option -m: requires parameter\n"],
  [["ftp://x"], 1, 'curl: (1) Protocol "ftp" not supported'],
  [["http://"], 3, "curl: (3) URL using bad/illegal format or missing URL\n"],
] as const)("curl %j is exit code %i", async ([args, code, says]) => {
  const ran = await curl(...args);
  expect(ran.code).toBe(code);
  expect(ran.stderr).toContain(says);
});
