import { createServer, get, request, Agent, type RequestListener, type Server } from "node:http";
import { once } from "node:events";
import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { systemClock } from "../../../time/clock.ts";
import { exchangeBytes, startProxy, startRawServer } from "./proxy.fixture.ts";

async function startApp(
  listener: RequestListener,
): Promise<{ server: Server; port: number } & AsyncDisposable> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test("passes a request and its answer on, with lower-case header names and without hop-by-hop ones", async () => {
  await using app = await startApp((incoming, outgoing) => {
    outgoing.setHeader("X-Two", ["a", "b"]);
    outgoing.setHeader("Connection", "keep-alive, X-Private");
    outgoing.setHeader("X-Private", "1");
    outgoing.end(JSON.stringify(incoming.rawHeaders));
  });
  await using proxy = await startProxy(app.port);
  const answer = await exchangeBytes(
    proxy.port,
    "GET /a?b=c HTTP/1.1\r\nHost: some.name:80\r\nX-Mixed: V\r\nConnection: close, x-secret\r\nX-Secret: 1\r\n\r\n",
  );
  expect(answer).toContain("HTTP/1.1 200 OK");
  expect(answer).toContain("x-two: a\r\nx-two: b");
  expect(answer).not.toContain("x-private");
  expect(answer).toContain('"host","some.name:80","x-mixed","V"');
  expect(answer).not.toContain("x-secret");
});

test("streams a large body both ways unchanged", async () => {
  await using app = await startApp((incoming, outgoing) => {
    incoming.pipe(outgoing);
  });
  await using proxy = await startProxy(app.port);
  const body = randomBytes(8 << 20);
  const outgoing = request({ port: proxy.port, host: "127.0.0.1", method: "POST" });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, "response")) as [AsyncIterable<Buffer>];
  const hash = createHash("sha256");
  for await (const chunk of incoming) hash.update(chunk);
  expect(hash.digest("hex")).toBe(createHash("sha256").update(body).digest("hex"));
});

test("keeps connections on both sides", async () => {
  let upstreamConnections = 0;
  await using app = await startApp((_incoming, outgoing) => void outgoing.end("x"));
  app.server.on("connection", () => (upstreamConnections += 1));
  await using proxy = await startProxy(app.port);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number>();
  for (let i = 0; i < 5; i += 1) {
    const [incoming] = await once(get({ port: proxy.port, host: "127.0.0.1", agent }), "response");
    ports.add(incoming.socket.localPort);
    incoming.resume();
    await once(incoming, "end");
  }
  agent.destroy();
  expect(ports.size).toBe(1);
  expect(upstreamConnections).toBe(1);
});

test("tells the upstream when the client goes away", async () => {
  const closed = Promise.withResolvers<boolean>();
  const arrived = Promise.withResolvers<void>();
  await using app = await startApp((_incoming, outgoing) => {
    arrived.resolve();
    outgoing.once("close", () => closed.resolve(outgoing.writableFinished));
  });
  await using proxy = await startProxy(app.port);
  const outgoing = get({ port: proxy.port, host: "127.0.0.1" });
  outgoing.on("error", () => {});
  await arrived.promise;
  outgoing.destroy();
  expect(await closed.promise).toBe(false);
});

test("breaks the client's connection where the upstream's answer breaks off", async () => {
  await using app = await startRawServer((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
      systemClock.after(20, () => socket.destroy());
    });
  });
  await using proxy = await startProxy(app.port);
  const [incoming] = await once(get({ port: proxy.port, host: "127.0.0.1" }), "response");
  incoming.resume();
  const [error] = await once(incoming, "error");
  expect(error.code).toBe("ECONNRESET");
});

test("passes trailers on", async () => {
  await using app = await startApp((incoming, outgoing) => {
    incoming.resume().on("end", () => {
      outgoing.writeHead(200, { trailer: "x-after" });
      outgoing.write("body");
      outgoing.addTrailers({ "x-after": `saw ${incoming.trailers["x-sent"]}` });
      outgoing.end();
    });
  });
  await using proxy = await startProxy(app.port);
  const answer = await exchangeBytes(
    proxy.port,
    "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: x-sent\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nz\r\n0\r\nx-sent: t\r\n\r\n",
  );
  expect(answer).toContain("x-after: saw t");
});

test("answers Expect: 100-continue itself and sends the upstream a plain request", async () => {
  await using app = await startApp((incoming, outgoing) => {
    incoming.resume().on("end", () => outgoing.end(String(incoming.headers.expect)));
  });
  await using proxy = await startProxy(app.port);
  const head =
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
  const answer = await exchangeBytes(proxy.port, `${head}ok`);
  expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  expect(answer.endsWith("undefined")).toBe(true);
});

test("carries an upgraded connection's bytes both ways until either side ends", async () => {
  await using app = await startApp(() => {});
  app.server.on("upgrade", (incoming, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Key: ${incoming.headers["sec-websocket-key"]}\r\n\r\nhello`,
    );
    socket.once("data", (chunk: Buffer) => socket.end(`echo ${chunk.toString()}`));
  });
  await using proxy = await startProxy(app.port);
  const head =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
  const answer = await exchangeBytes(proxy.port, `${head}first`);
  expect(answer).toContain("101 Switching Protocols");
  expect(answer).toContain("x-key: k");
  expect(answer.endsWith("helloecho first")).toBe(true);
});

test("opens a new connection where the upstream ended the one that was kept", async () => {
  let connections = 0;
  const ended = Promise.withResolvers<void>();
  await using app = await startRawServer((socket) => {
    connections += 1;
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
    if (connections > 1) return;
    socket.once("data", () => systemClock.after(20, () => socket.end()));
    socket.once("end", () => ended.resolve());
  });
  await using proxy = await startProxy(app.port);
  const bytes = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  expect(await exchangeBytes(proxy.port, bytes)).toContain("200 OK");
  await ended.promise;
  expect(await exchangeBytes(proxy.port, bytes)).toContain("200 OK");
  expect(connections).toBe(2);
});

test("says that the connection was refused where nothing listens", async () => {
  const gone = await startRawServer(() => {});
  await gone[Symbol.asyncDispose]();
  await using proxy = await startProxy(gone.port);
  const answer = await exchangeBytes(
    proxy.port,
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  expect(answer).toContain("503 Service Unavailable");
  expect(answer.endsWith("Connection refused")).toBe(true);
});

test("answers what is in flight and closes the connection when it drains", async () => {
  const arrived = Promise.withResolvers<() => void>();
  await using app = await startApp((_incoming, outgoing) => {
    arrived.resolve(() => outgoing.end("done"));
  });
  await using proxy = await startProxy(app.port);
  const answer = exchangeBytes(proxy.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const finish = await arrived.promise;
  proxy.drain();
  finish();
  expect(await answer).toMatch(/connection: close[^]*done$/i);
});
