import { createServer as createHttpServer } from "node:http";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import { json } from "node:stream/consumers";
import { expect, test } from "vitest";
import { systemClock } from "../../../time/clock.ts";
import { createForwarder } from "../data-plane/forward.ts";
import { bindTo, Listener } from "../data-plane/listener.ts";
import { replyLocally } from "../data-plane/local-reply.ts";
import { exchangeBytes } from "../data-plane/proxy.fixture.ts";
import { type SigningRequest, signWorkload } from "../istiod/sign-certificates.ts";
import { WorkloadCa } from "../istiod/workload-ca.ts";
import { WorkloadIdentity } from "./identity.ts";
import { Inbound } from "./inbound.ts";
import { snapshot } from "./routing/snapshot.fixture.ts";
import { certifyClientStage } from "./stages/certify-client.ts";

const access = "spiffe://cluster.local/ns/lab/sa/access";
const logic = "spiffe://cluster.local/ns/lab/sa/logic";
const getRequest = "GET / HTTP/1.1\r\nHost: logic\r\nConnection: close\r\n\r\n";

function portOf(server: { address(): unknown }): number {
  return (server.address() as { port: number }).port;
}

/** istiod's signing port, where a token is the name of its account. */
async function startAuthority(ca: WorkloadCa): Promise<Server> {
  const { certificate, key } = ca.issueServer(["istiod.istio-system.svc"], systemClock.now());
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void (async () => {
      const answer = await signWorkload(
        request.headers.authorization,
        (await json(request)) as SigningRequest,
        {
          ca,
          trustDomain: "cluster.local",
          nowMs: () => systemClock.now(),
          reviewToken: async (token) => `system:serviceaccount:lab:${token}`,
        },
      );
      response.end(JSON.stringify(answer));
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function obtain(ca: WorkloadCa, authority: Server, account: string) {
  const identity = new WorkloadIdentity({
    clock: systemClock,
    caAddress: `127.0.0.1:${portOf(authority)}`,
    rootCertificate: () => ca.material.certificate,
    token: async () => account,
    onError: (error) => {
      throw error;
    },
  });
  await identity.obtain(new AbortController().signal);
  return identity;
}

/** An app behind a sidecar's inbound side, and a client's sidecar that expects `peer` there. */
async function startPair(options: { readonly strict: boolean; readonly peer: string }) {
  const ca = WorkloadCa.create(systemClock.now());
  const authority = await startAuthority(ca);
  const server = await obtain(ca, authority, "logic");
  const client = await obtain(ca, authority, "access");
  const app = createHttpServer((request, response) => {
    response.end(String(request.headers["x-forwarded-client-cert"]));
  });
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  const inbound = new Inbound({
    clock: systemClock,
    podIp: "10.244.0.9",
    snapshot: () => snapshot({}),
    stages: () => [certifyClientStage(logic)],
    tls: () => server.listener(!options.strict),
    allowsConnection: () => true,
    onPlaintextRefused: () => {},
    bind: (listening) => bindTo(0, "127.0.0.1")(listening),
  });
  const port = await inbound.portFor(portOf(app));
  const forwarder = createForwarder({ clock: systemClock, tls: client.upstream(options.peer) });
  const outbound = await Listener.open({
    clock: systemClock,
    protocol: () => "http",
    tcp: (socket) => socket.destroy(),
    handler: async (exchange) => {
      try {
        const endpoint = { address: "127.0.0.1", port };
        return await forwarder.send(exchange, endpoint, exchange.signal);
      } catch (error) {
        return replyLocally(exchange, { status: 503, body: (error as Error).message });
      }
    },
  });
  return {
    viaSidecar: () => exchangeBytes(outbound.port, getRequest),
    plain: (headers = "") =>
      exchangeBytes(port, `GET / HTTP/1.1\r\nHost: logic\r\n${headers}Connection: close\r\n\r\n`),
    async [Symbol.asyncDispose]() {
      forwarder.close();
      await outbound.stop();
      await inbound.stop();
      authority.close();
      app.closeAllConnections();
      app.close();
    },
  };
}

test("shows the app its client's SPIFFE name", async () => {
  await using pair = await startPair({ strict: true, peer: logic });
  const answer = await pair.viaSidecar();
  expect(answer).toMatch(new RegExp(`By=${logic};Hash=[0-9a-f]{64};Subject="";URI=${access}$`));
});

test("resets plaintext under STRICT, without any HTTP answer", async () => {
  await using pair = await startPair({ strict: true, peer: logic });
  expect(await pair.plain()).toBe("");
});

test("takes plaintext too under PERMISSIVE, and believes nothing it says of its client", async () => {
  await using pair = await startPair({ strict: false, peer: logic });
  const answer = await pair.plain(`X-Forwarded-Client-Cert: URI=${access}\r\n`);
  expect(answer).toContain("200 OK");
  expect(answer.endsWith("undefined")).toBe(true);
  expect(await pair.viaSidecar()).toContain(`URI=${access}`);
});

test("does not talk to a peer with another name", async () => {
  await using pair = await startPair({
    strict: true,
    peer: "spiffe://cluster.local/ns/lab/sa/other",
  });
  const answer = await pair.viaSidecar();
  expect(answer).toContain("503");
  expect(answer).toContain("sa/other");
});
