import { connect } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { exchangeBytes, startProxy, startRawServer } from "./proxy.fixture.ts";

test("passes on what is not HTTP, byte for byte, and its half-close", async () => {
  await using app = await startRawServer((socket) => {
    let seen = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => (seen += chunk));
    socket.on("end", () => socket.end(`seen ${seen}`, "latin1"));
  });
  await using proxy = await startProxy(app.port);
  const bytes = "*1\r\n$4\r\nPING\r\n\0\xff";
  expect(await exchangeBytes(proxy.port, bytes, { end: true })).toBe(`seen ${bytes}`);
});

test("resets the client's connection when the upstream's is reset", async () => {
  await using app = await startRawServer((socket) => {
    socket.once("data", () => socket.resetAndDestroy());
  });
  await using proxy = await startProxy(app.port);
  const socket = connect(proxy.port, "127.0.0.1");
  socket.write("\0\0\0");
  const [error] = await once(socket, "error");
  expect(error.code).toBe("ECONNRESET");
});

test("resets the client's connection where nobody listens upstream", async () => {
  const gone = await startRawServer(() => {});
  await gone[Symbol.asyncDispose]();
  await using proxy = await startProxy(gone.port);
  const socket = connect(proxy.port, "127.0.0.1");
  socket.write("\0\0\0");
  const [error] = await once(socket, "error");
  expect(error.code).toBe("ECONNRESET");
});
