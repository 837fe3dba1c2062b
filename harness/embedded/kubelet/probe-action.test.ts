import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { expect, test } from "vitest";
import type { PodNetwork } from "../pod-network.ts";
import { runProbe } from "./probe-action.ts";
import type { ProbeTarget } from "./probe-outcome.ts";

/** The machine's own loopback, for servers of the test. */
const loopback: PodNetwork = {
  addPod: async () => {},
  removePod: async () => {},
  environment: () => ({}),
  connect: (ip, port) =>
    new Promise((resolve, reject) => {
      const socket = connect(port, ip);
      socket.once("connect", () => resolve(socket)).once("error", reject);
    }),
};

function target(port: number): ProbeTarget {
  return {
    network: loopback,
    ip: "127.0.0.1",
    container: { name: "c", ports: [{ name: "web", containerPort: port }] },
    exec: async ([name]) => {
      if (name === "nope") throw new Error("no such program");
      return { code: name === "true" ? 0 : 1, output: "why", errors: "" };
    },
  };
}

async function listening(
  server: Server | ReturnType<typeof createHttp2Server>,
): Promise<AsyncDisposable & { port: number }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

test("an HTTP probe takes 200 to 399 as success and says the status otherwise", async () => {
  const seen: (string | undefined)[] = [];
  await using server = await listening(
    createHttpServer(({ url, headers }, response) => {
      seen.push(headers["user-agent"], headers.host, headers["x-a"] as string);
      response.writeHead(Number(url?.slice(1))).end();
    }),
  );
  const probe = (status: number) =>
    runProbe(
      {
        httpGet: {
          path: `/${status}`,
          port: "web",
          httpHeaders: [
            { name: "X-A", value: "1" },
            { name: "host", value: "h" },
          ],
        },
      },
      target(server.port),
    );
  expect(await probe(204)).toMatchObject({ success: true });
  expect(await probe(399)).toMatchObject({ success: true });
  expect(await probe(404)).toEqual({
    success: false,
    message: "HTTP probe failed with statuscode: 404",
  });
  expect(seen.slice(0, 3)).toEqual(["kube-probe/1.36", "h", "1"]);
});

test("an HTTP probe follows redirects on the pod's own address, and elsewhere ends with a warning", async () => {
  const asked: string[] = [];
  await using server = await listening(
    createHttpServer(({ url = "", headers }, response) => {
      asked.push(`${url} ${headers["x-a"] as string}`);
      const to: Record<string, string> = {
        "/moved": "/final",
        "/away": "http://example.com/",
        "/round": "/round",
        "/bad": "http://[",
      };
      const location = to[url];
      if (location) response.writeHead(302, { Location: location }).end("gone");
      else response.writeHead(url === "/final" ? 500 : 200).end();
    }),
  );
  const probe = (path: string) =>
    runProbe(
      { httpGet: { path, port: server.port, httpHeaders: [{ name: "X-A", value: "1" }] } },
      target(server.port),
    );
  expect(await probe("/moved")).toEqual({
    success: false,
    message: "HTTP probe failed with statuscode: 500",
  });
  expect(asked).toEqual(["/moved 1", "/final 1"]);
  expect(await probe("/away")).toEqual({
    success: true,
    message: "",
    warning: "Probe terminated redirects, Response body: gone",
  });
  const url = `http://127.0.0.1:${server.port}`;
  expect(await probe("/round")).toEqual({
    success: false,
    message: `Get "${url}/round": stopped after 10 redirects`,
  });
  expect(asked.filter((one) => one === "/round 1")).toHaveLength(10);
  expect((await probe("/bad")).message).toContain('failed to parse Location header "http://["');
});

test("an HTTP probe whose answer stalls half-way could not be made", async () => {
  await using server = await listening(
    createHttpServer((_, response) => void response.writeHead(200).write("half")),
  );
  const found = await runProbe(
    { httpGet: { port: server.port }, timeoutSeconds: 1 },
    target(server.port),
  );
  expect(found).toMatchObject({ success: false, errored: true });
  expect(found.message).toContain("while reading body");
});

test("an HTTP probe of a server that never answers, or that is not there, fails in Go's words", async () => {
  await using silent = await listening(createServer((socket) => void socket.resume()));
  const url = `http://127.0.0.1:${silent.port}/`;
  const answer = runProbe(
    { httpGet: { port: silent.port }, timeoutSeconds: 1 },
    target(silent.port),
  );
  expect((await answer).message).toBe(
    `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
  );
  expect(await runProbe({ httpGet: { port: 1 } }, target(1))).toEqual({
    success: false,
    refused: true,
    message: 'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
  });
});

test("a TCP probe wants a connection, an exec probe exit code 0", async () => {
  await using server = await listening(createServer((socket) => socket.destroy()));
  expect((await runProbe({ tcpSocket: { port: server.port } }, target(server.port))).success).toBe(
    true,
  );
  expect((await runProbe({ tcpSocket: { port: 1 } }, target(1))).message).toBe(
    "dial tcp 127.0.0.1:1: connect: connection refused",
  );
  expect((await runProbe({ exec: { command: ["true"] } }, target(1))).success).toBe(true);
  expect(await runProbe({ exec: { command: ["false"] } }, target(1))).toEqual({
    success: false,
    message: "why",
  });
});

test.each([
  [1, { success: true, message: "" }],
  [2, { success: false, message: 'service unhealthy (responded with "NOT_SERVING")' }],
])("a gRPC probe reads serving status %i", async (status, outcome) => {
  const asked: string[] = [];
  const server = createHttp2Server();
  server.on("stream", (stream, headers) => {
    asked.push(String(headers[":path"]));
    stream.on("data", (chunk: Buffer) => asked.push(chunk.subarray(7).toString()));
    stream.respond(
      { ":status": 200, "content-type": "application/grpc" },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.on("end", () => stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status])));
  });
  await using running = await listening(server);
  const probe = { grpc: { port: running.port, service: "logic" } };
  expect(await runProbe(probe, target(running.port))).toEqual(outcome);
  expect(asked).toEqual(["/grpc.health.v1.Health/Check", "logic"]);
});

test("a probe that cannot be made is neither a success nor a failure", async () => {
  expect(await runProbe({ exec: { command: ["nope"] } }, target(1))).toEqual({
    success: false,
    errored: true,
    message: "no such program",
  });
  expect(await runProbe({ httpGet: { port: "other" } }, target(1))).toEqual({
    success: false,
    errored: true,
    message: 'strconv.Atoi: parsing "other": invalid syntax',
  });
});

test("an HTTPS probe of a server without TLS fails in Go's words", async () => {
  await using server = await listening(createHttpServer((_request, response) => response.end()));
  const probe = { httpGet: { port: server.port, scheme: "HTTPS" } };
  expect((await runProbe(probe, target(server.port))).message).toBe(
    `Get "https://127.0.0.1:${server.port}/": http: server gave HTTP response to HTTPS client`,
  );
});
