import { afterAll, beforeAll, expect, test } from "vitest";
import { say, TestNode, type TestPod } from "./testing/test-node.ts";

let node: TestNode;
let app: TestPod;
let other: TestPod;

beforeAll(async () => {
  node = await TestNode.start();
  app = node.pod("app-0", "10.244.0.5");
  other = node.pod("other", "10.244.0.6");
  node.service("app", "10.96.0.20", 80, 8080, ["10.244.0.5"]);
  node.service("other", "10.96.0.30", 80, 8080, ["10.244.0.6"]);
});
afterAll(() => node[Symbol.asyncDispose]());

/** A sidecar that passes bytes on and puts a line before them that says what it saw. */
const sidecar = (more = "") => `${say}
import net from "node:net";
import { becomeInterceptor, listenUnseen } from "./interception.ts";
const passTo = (where, mark) => net.createServer((from) => {
  const to = net.connect(where, () => { from.write(mark(from) + "|"); from.pipe(to).pipe(from); });
  to.on("error", () => from.resetAndDestroy());
  from.on("error", () => to.destroy());
});
net.createServer((s) => s.end("sidecar's own")).listen(15021);
await becomeInterceptor({
  onOutbound: ({ ip, port, resolvedName }) => {
    say({ out: [ip, port, resolvedName] });
    if (port === 81) throw new Error("refused");
    if (port === 82) return undefined;
    const mark = (from) => "out " + from.remoteAddress + " to " + from.localAddress + ":" + from.localPort;
    return listenUnseen(passTo({ host: ip, port }, mark), { address: ip, port });
  },
  onInbound: (port) => {
    say({ in: port });
    const mark = (from) => "in " + from.remoteAddress;
    return listenUnseen(passTo({ host: "127.0.0.1", port }, mark));
  },
  excludeInboundPorts: [9090],
  ${more}
});
say("in place");
`;

const echo = (...ports: number[]) => `${say}
import net from "node:net";
for (const port of ${JSON.stringify(ports)})
  net.createServer((s) => s.end(port + " from " + s.remoteAddress)).listen(port, "0.0.0.0", () => say("up"));
`;

/** Who connected is known on Linux alone. */
const hiding = (text: string) =>
  process.platform === "linux" ? text : text.replaceAll(/(in|out|from) [\d.]+/g, "$1 …");

/** Reads everything that an address sends; or the error's code. */
const read = (host: string, port: number) => `${say}
import net from "node:net";
const socket = net.connect(${port}, ${JSON.stringify(host)});
say(await socket.toArray().then((all) => all.join(""), ({ code }) => code));
`;

test("a pod that is to have a sidecar has its traffic refused until the sidecar is in place", async () => {
  const pod = node.pod("early", "10.244.0.7");
  const entry = node.node.pods.get("10.244.0.7");
  if (entry) entry.meshed = true;
  await using target = other.run(echo(8080));
  await target.next();
  await using blocked = pod.run(read("other", 80));
  expect(await blocked.next()).toBe("ECONNREFUSED");
  await using proxy = pod.run(sidecar(), { proxy: true });
  expect(await proxy.next()).toBe("in place");
  await using open = pod.run(read("other", 80));
  expect(await open.next()).toMatch(/^out /);
  await proxy[Symbol.asyncDispose]();
  await using again = pod.run(read("other", 80));
  expect(await again.next()).toBe("ECONNREFUSED");
});

test("what leaves and enters a meshed pod goes through its sidecar", async () => {
  await using target = other.run(echo(8080));
  await using own = app.run(echo(8080, 9090));
  await Promise.all([target.next(), own.next()]);
  await own.next();
  await using proxy = app.run(sidecar(), { proxy: true });
  expect(await proxy.next()).toBe("in place");

  const reads: [TestPod, string, number, string][] = [
    [app, "other", 80, "out 10.244.0.5 to 10.96.0.30:80|8080 from 10.244.0.5"],
    [app, "10.244.0.6", 8080, "out 10.244.0.5 to 10.244.0.6:8080|8080 from 10.244.0.5"],
    [other, "app", 80, "in 10.244.0.6|8080 from 127.0.0.1"],
    // Istio: redirected on the way out, and by the sidecar's own call to the pod's address on the way in.
    [app, "app", 80, "out 10.244.0.5 to 10.96.0.20:80|in 10.244.0.5|8080 from 127.0.0.1"],
    [app, "127.0.0.1", 8080, "8080 from 127.0.0.1"],
    [app, "10.244.0.5", 8080, "8080 from 10.244.0.5"],
    [other, "10.244.0.5", 9090, "9090 from 10.244.0.6"],
    [other, "10.244.0.5", 15_021, "sidecar's own"],
    [app, "10.244.0.6", 81, "ECONNREFUSED"],
    [app, "10.244.0.6", 82, "ECONNREFUSED"],
  ];
  for (const [from, host, port, expected] of reads) {
    await using call = from.run(read(host, port));
    expect(hiding(await call.next<string>()), `${from.name} to ${host}:${port}`).toBe(
      hiding(expected),
    );
  }
  const asked = [];
  for (let n = 0; n < 6; n++) asked.push(await proxy.next());
  expect(asked).toEqual([
    { out: ["10.96.0.30", 80, "other"] },
    { out: ["10.244.0.6", 8080, null] },
    { in: 8080 },
    { out: ["10.96.0.20", 80, "app"] },
    { out: ["10.244.0.6", 81, null] },
    { out: ["10.244.0.6", 82, null] },
  ]);
});

test("a process without the proxy's credential cannot take over its pod's traffic", async () => {
  await using intruder = app.run(
    sidecar()
      .replace("await becomeInterceptor", "const taken = becomeInterceptor")
      .replace('say("in place")', "say(await taken.catch((error) => error.message))"),
  );
  expect(await intruder.next()).toBe("EACCES: intercept is not for this process");
});
