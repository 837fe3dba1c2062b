import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { probeApp } from "./app-probe.ts";

test("passes the app's status on, with the probe's path and headers", async () => {
  const app = createServer((request, response) => {
    const isExpected = request.url === "/healthz" && request.headers["x-probe"] === "1";
    response.statusCode = isExpected ? 204 : 503;
    response.end(request.headers.host);
  });
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  const { port } = app.address() as AddressInfo;
  const httpHeaders = [{ name: "X-Probe", value: "1" }];
  expect(await probeApp({ httpGet: { path: "/healthz", port, httpHeaders } }, "10.244.0.7")).toBe(
    204,
  );
  expect(await probeApp({ httpGet: { path: "/healthz", port } }, "10.244.0.7")).toBe(503);
  expect(await probeApp({ tcpSocket: { port } }, "10.244.0.7")).toBe(200);
  app.closeAllConnections();
  app.close();
  await once(app, "close");
  expect(await probeApp({ httpGet: { port } }, "10.244.0.7")).toBe(500);
  expect(await probeApp({ tcpSocket: { port } }, "10.244.0.7")).toBe(500);
});

test("fails an app that accepts and never answers, when the probe's time is up", async () => {
  const app = createServer(() => {});
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  const { port } = app.address() as AddressInfo;
  expect(await probeApp({ httpGet: { port }, timeoutSeconds: 0.1 }, "10.244.0.7")).toBe(500);
  app.closeAllConnections();
  app.close();
});
