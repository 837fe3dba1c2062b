import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { systemClock } from "../../../time/clock.ts";
import { CertificateAuthority } from "../../apiserver/auth/certificates.ts";
import { startEcho } from "../nginx/nginx.fixture.ts";
import { buildRouting } from "./build-routing.ts";
import { type FrontDoor, openFrontDoor } from "./front-door.ts";
import { IngressProxy } from "./handle-request.ts";
import { clusterOf, endpointSlice, ingress } from "./ingress.fixture.ts";

const authority = new CertificateAuthority("lab", systemClock.now());

function secretFor(...hosts: readonly string[]): { "tls.crt": string; "tls.key": string } {
  const { certificate, key } = authority.issue({ commonName: "lab", hosts: [...hosts] });
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  return { "tls.crt": encode(certificate), "tls.key": encode(key) };
}

interface Started extends AsyncDisposable {
  readonly door: FrontDoor;
  readonly problems: readonly string[];
}

/** a.io with this Secret in front of a pod. */
async function start(
  port: number,
  data: Record<string, string> | undefined,
  tlsHosts = ["a.io"],
): Promise<Started> {
  const proxy = new IngressProxy({ clock: systemClock, access: () => {}, error: () => {} });
  const view = clusterOf({ web: [] }, [
    ingress({
      tls: [{ hosts: tlsHosts, secretName: "cert" }],
      rules: [{ host: "a.io", paths: { "/": "web" } }],
    }),
  ]);
  const routing = buildRouting({
    ...view,
    slices: () => [endpointSlice("web", ["127.0.0.1"], port)],
    secret: () => data && { data },
  });
  proxy.use(routing, "reload");
  const door = await openFrontDoor({ clock: systemClock, proxy, httpPort: 0, httpsPort: 0 });
  return {
    door,
    problems: routing.problems.map(({ message }) => message),
    async [Symbol.asyncDispose]() {
      await door.stop();
      proxy.close();
    },
  };
}

async function handshake(door: FrontDoor, servername: string): Promise<TLSSocket> {
  const socket = connect({
    port: door.httpsPort,
    host: "127.0.0.1",
    servername,
    rejectUnauthorized: false,
    ca: authority.certificate,
    ALPNProtocols: ["http/1.1"],
  });
  await once(socket, "secureConnect");
  return socket;
}

async function commonName(door: FrontDoor, servername: string): Promise<string | string[]> {
  const socket = await handshake(door, servername);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN ?? "";
}

const fake = "Kubernetes Ingress Controller Fake Certificate";

test("a host with a Secret is served with its certificate, all others with the fake one", async () => {
  await using app = await startEcho();
  await using started = await start(app.port, secretFor("a.io"));
  expect(await commonName(started.door, "a.io")).toBe("lab");
  expect(await commonName(started.door, "b.io")).toBe(fake);
  expect(started.problems).toEqual([]);
});

test("a host that tls does not list has the certificate that names it, else the fake one", async () => {
  await using app = await startEcho();
  await using named = await start(app.port, secretFor("a.io", "b.io"), ["b.io"]);
  expect(await commonName(named.door, "a.io")).toBe("lab");
  await using other = await start(app.port, secretFor("b.io"), ["b.io"]);
  expect(await commonName(other.door, "a.io")).toBe(fake);
  expect(other.problems).toEqual([
    "no certificate under tls names the host: the default certificate is used for a.io",
  ]);
  await using shouted = await start(app.port, secretFor("a.io"), ["A.io"]);
  expect(await commonName(shouted.door, "a.io")).toBe("lab");
});

test("an unknown host by https is a 404 that says to keep to https", async () => {
  await using app = await startEcho();
  await using started = await start(app.port, secretFor("a.io"));
  const socket = await handshake(started.door, "b.io");
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
  socket.write("GET / HTTP/1.1\r\nHost: b.io\r\nConnection: close\r\n\r\n");
  await once(socket, "close");
  expect(answer).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
  expect(answer.toLowerCase()).toContain("strict-transport-security:");
});

test("the app is told that its client came by https, and the client to keep to it", async () => {
  await using app = await startEcho();
  await using started = await start(app.port, secretFor("a.io"));
  const socket = await handshake(started.door, "a.io");
  expect(socket.authorized).toBe(true);
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
  socket.write("GET /x HTTP/1.1\r\nHost: a.io\r\nConnection: close\r\n\r\n");
  await once(socket, "close");
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toContain('"x-forwarded-proto":"https"');
  expect(answer).toContain('"x-forwarded-port":"443"');
  expect(answer.toLowerCase()).toContain(
    "strict-transport-security: max-age=31536000; includesubdomains",
  );
});

test.for([
  ["is missing", undefined, "does not exist"],
  ["is empty", {}, "has no tls.crt and tls.key"],
  ["names another host", secretFor("other.io"), "has a certificate that does not name the host"],
  ["is garbage", { "tls.crt": "Zm9v", "tls.key": "Zm9v" }, "holds no certificate and key"],
  [
    "has somebody else's key",
    { ...secretFor("a.io"), "tls.key": secretFor("a.io")["tls.key"] },
    "has a key that does not belong to its certificate",
  ],
] as const)(
  "a Secret that %s gives the fake certificate, and that is said",
  async ([, data, why]) => {
    await using app = await startEcho();
    await using started = await start(app.port, data);
    expect(await commonName(started.door, "a.io")).toBe(fake);
    expect(started.problems[0]).toContain(`secret "lab/cert" ${why}`);
  },
);
