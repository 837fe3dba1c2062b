import { afterAll, beforeAll, expect, test } from "vitest";
import { say, TestNode, type PodProcess, type TestPod } from "./testing/test-node.ts";
import { CertificateAuthority } from "../apiserver/auth/certificates.ts";

let node: TestNode;
let server: TestPod;
let client: TestPod;
let up: PodProcess;
const authority = new CertificateAuthority("the test", Date.now());
const { certificate, key } = authority.issue({
  commonName: "web",
  hosts: ["web.default.svc.cluster.local"],
});

/** Programs as they are written for any machine: none knows that it runs in a pod. */
const servers = `${say}
import http from "node:http"; import https from "node:https"; import http2 from "node:http2"; import net from "node:net";
import { WebSocketServer } from "ws"; import * as grpc from "@grpc/grpc-js";
const pair = JSON.parse(process.env.PAIR);
const up = [];
const listen = (server, port) => up.push(new Promise((resolve) => server.listen(port, resolve)));
const web = http.createServer((req, res) => res.end("http " + req.headers.host));
new WebSocketServer({ server: web }).on("connection", (socket) => socket.on("message", (text) => socket.send("ws " + text)));
listen(web, 8080);
listen(https.createServer(pair, (req, res) => res.end("https " + req.socket.localPort)), 8443);
const h2 = http2.createServer();
h2.on("stream", (stream, headers) => { stream.respond(); stream.end("h2 " + headers[":path"]); });
listen(h2, 8082);
const grpcServer = new grpc.Server();
const plain = { requestSerialize: (x) => x, requestDeserialize: (x) => x, responseSerialize: (x) => x, responseDeserialize: (x) => x };
grpcServer.addService({ Say: { path: "/t/Say", requestStream: false, responseStream: false, ...plain } },
  { Say: (call, done) => done(null, Buffer.concat([Buffer.from("grpc "), call.request])) });
up.push(new Promise((resolve, reject) => grpcServer.bindAsync("0.0.0.0:50051", grpc.ServerCredentials.createInsecure(),
  (error, port) => error ? reject(error) : resolve(port))));
listen(net.createServer((socket) => socket.pipe(socket)), 7000);
await Promise.all(up);
say(await up[3]);
`;

beforeAll(async () => {
  node = await TestNode.start();
  server = node.pod("web-0", "10.244.0.5");
  client = node.pod("caller", "10.244.0.6");
  const ports = [8080, 8443, 8082, 50_051, 7000];
  node.setService({
    metadata: { namespace: "default", name: "web" },
    spec: { clusterIP: "10.96.0.9", ports: ports.map((port) => ({ name: `p${port}`, port })) },
  });
  node.node.table.setSlice({
    addressType: "IPv4",
    metadata: {
      namespace: "default",
      name: "web-1",
      labels: { "kubernetes.io/service-name": "web" },
    },
    ports: ports.map((port) => ({ name: `p${port}`, port })),
    endpoints: [{ addresses: ["10.244.0.5"] }],
  });
  up = server.run(servers, { env: { PAIR: JSON.stringify({ cert: certificate, key }) } });
  await up.next();
});
afterAll(() => node[Symbol.asyncDispose]());

const programs: [string, string, unknown][] = [
  [
    "http with an agent",
    `import http from "node:http"; const agent = new http.Agent({ keepAlive: true });
    http.get({ host: "web", port: 8080, agent }, async (res) => { say((await res.toArray()).join("")); agent.destroy(); });`,
    "http web:8080",
  ],
  [
    "fetch",
    `say(await (await fetch("http://web.default:8080/")).text());`,
    "http web.default:8080",
  ],
  [
    "undici's request",
    `import { request } from "undici"; say(await (await request("http://web:8080/")).body.text()); process.exit();`,
    "http web:8080",
  ],
  [
    "https that checks the certificate",
    `import https from "node:https";
    https.get("https://web.default.svc.cluster.local:8443/", { ca: process.env.CA, agent: false }, async (res) => say((await res.toArray()).join("")));`,
    "https 8443",
  ],
  [
    "https by a name that is not the certificate's",
    `import https from "node:https";
    https.get("https://web:8443/", { ca: process.env.CA, agent: false }).on("error", ({ code }) => say(code));`,
    "ERR_TLS_CERT_ALTNAME_INVALID",
  ],
  [
    "http2",
    `import http2 from "node:http2"; const session = http2.connect("http://web:8082");
    const stream = session.request({ ":path": "/x" }); say((await stream.toArray()).join("")); session.close();`,
    "h2 /x",
  ],
  [
    "grpc",
    `import * as grpc from "@grpc/grpc-js"; const client = new grpc.Client("web:50051", grpc.credentials.createInsecure());
    client.makeUnaryRequest("/t/Say", (x) => x, (x) => x, Buffer.from("hi"), (error, answer) => { say(error ? error.message : String(answer)); client.close(); });`,
    "grpc hi",
  ],
  [
    "ws",
    `import { WebSocket } from "ws"; const socket = new WebSocket("ws://web:8080");
    socket.on("open", () => socket.send("hi")).on("message", (text) => { say(String(text)); socket.close(); });`,
    "ws hi",
  ],
  [
    "net, 8 MB there and back",
    `import net from "node:net"; const socket = net.connect(7000, "web"); let n = 0;
    socket.on("data", (chunk) => { n += chunk.length; if (n === 8e6) { say(n); socket.end(); } }); socket.write(Buffer.alloc(8e6));`,
    8_000_000,
  ],
];

test.each(programs)("%s works unchanged through a Service", async (_what, code, expected) => {
  await using program = client.run(say + code, { env: { CA: authority.certificate } });
  expect(await program.next()).toEqual(expected);
  expect(await program.exited).toBe(0);
});
