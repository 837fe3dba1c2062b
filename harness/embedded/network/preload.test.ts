import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { say, TestNode, type TestPod } from "./testing/test-node.ts";

let node: TestNode;
let server: TestPod;
let client: TestPod;

beforeAll(async () => {
  node = await TestNode.start();
  server = node.pod("web-0", "10.244.0.5");
  client = node.pod("caller", "10.244.1.6");
  node.service("web", "10.96.0.20", 80, 8081, ["10.244.0.5"]);
  node.service("empty", "10.96.0.21", 80, 8081, []);
});
afterAll(() => node[Symbol.asyncDispose]());

const serve = (listen: string) => `${say}
import http from "node:http";
const server = http.createServer(({ socket: s }, res) =>
  res.end(JSON.stringify({ remote: s.remoteAddress, local: s.localAddress, port: s.localPort })));
server.on("error", ({ code, message, port, address, syscall, errno }) => say({ code, message, port, address, syscall, errno }));
server.on("listening", () => say(server.address()));
server.listen(${listen});
`;

/** Fetches the URL in the pod; resolves to the JSON answer, or to the error. */
const ask = (url: string) => `${say}
const { default: http } = await import("node:http");
http.get(${JSON.stringify(url)}, async (res) => say(JSON.parse((await res.toArray()).join(""))))
  .on("error", ({ code, message, syscall, address, port, errno, hostname }) =>
    say({ code, message, syscall, address, port, errno, hostname }));
`;

describe("a server in a pod", () => {
  test("listens on the pod's port and tells the port it asked for", async () => {
    await using up = server.run(serve("8081"));
    expect(await up.next()).toEqual({ address: "::", family: "IPv6", port: 8081 });
    await using call = client.run(ask("http://10.244.0.5:8081/"));
    expect(await call.next()).toMatchObject({ local: "::ffff:10.244.0.5", port: 8081 });
    expect(await call.exited).toBe(0);
  });

  test.runIf(process.platform === "linux")(
    "sees the address of the pod that connects",
    async () => {
      await using up = server.run(serve("8081, '0.0.0.0'"));
      expect(await up.next()).toEqual({ address: "0.0.0.0", family: "IPv4", port: 8081 });
      await using call = client.run(ask("http://web/"));
      expect(await call.next()).toEqual({ remote: "10.244.1.6", local: "10.244.0.5", port: 8081 });
      await using own = server.run(ask("http://127.0.0.1:8081/"));
      expect(await own.next()).toEqual({ remote: "127.0.0.1", local: "127.0.0.1", port: 8081 });
    },
  );

  test("gets a port that others can reach for port 0", async () => {
    await using up = server.run(serve("{ port: 0 }"));
    const { port } = await up.next<{ port: number }>();
    expect(port).toBeGreaterThan(1024);
    await using call = client.run(ask(`http://10.244.0.5:${port}/`));
    expect(await call.next()).toMatchObject({ port });
  });

  test("gets EADDRINUSE where another process of the pod has the port", async () => {
    await using up = server.run(serve("8081"));
    await up.next();
    await using second = server.run(serve("8081, '127.0.0.1'"));
    expect(await second.next()).toEqual({
      code: "EADDRINUSE",
      message: "listen EADDRINUSE: address already in use 127.0.0.1:8081",
      syscall: "listen",
      address: "127.0.0.1",
      port: 8081,
      errno: -98,
    });
    await using elsewhere = client.run(serve("8081"));
    expect(await elsewhere.next()).toMatchObject({ port: 8081 });
  });

  test("may take the port again that a dead process had", async () => {
    const first = server.run(serve("8081"));
    await first.next();
    await first[Symbol.asyncDispose]();
    await using second = server.run(serve("8081"));
    expect(await second.next()).toMatchObject({ port: 8081 });
  });

  test("cannot bind to an address that the pod does not have", async () => {
    await using up = server.run(serve("8081, '10.1.2.3'"));
    expect(await up.next()).toMatchObject({ code: "EADDRNOTAVAIL", address: "10.1.2.3" });
  });

  test("is out of reach of others on 127.0.0.1, and in reach of its own pod", async () => {
    await using up = server.run(serve("8081, '127.0.0.1'"));
    await up.next();
    await using call = client.run(ask("http://10.244.0.5:8081/"));
    expect(await call.next()).toMatchObject({ code: "ECONNREFUSED" });
    await using own = server.run(ask("http://localhost:8081/"));
    expect(await own.next()).toMatchObject({ port: 8081 });
  });

  test("is refused to others once it closed, while its process lives on", async () => {
    await using up = server.run(`${serve("8081")}
      server.once("listening", () => server.close(() => { say("closed"); setInterval(() => {}, 1e6); }));`);
    await up.next();
    expect(await up.next()).toBe("closed");
    await using call = client.run(ask("http://10.244.0.5:8081/"));
    expect(await call.next()).toMatchObject({ code: "ECONNREFUSED", address: "10.244.0.5" });
  });

  test("shares its port among the workers of node:cluster", async () => {
    await using up = server.run(`${say}
      import cluster from "node:cluster"; import http from "node:http"; import { rmSync, writeFileSync } from "node:fs";
      const file = "/tmp/kubelab-worker-" + process.pid + ".mjs";
      writeFileSync(file, 'import http from "node:http"; http.createServer((q, r) => r.end(JSON.stringify({ pid: process.pid }))).listen(8081, () => process.send("up"))');
      cluster.setupPrimary({ exec: file, execArgv: [] });
      let up = 0;
      for (const n of [1, 2]) cluster.fork().on("message", () => { if (++up === 2) { rmSync(file); say("up"); } });`);
    expect(await up.next()).toBe("up");
    const pids = new Set();
    for (let n = 0; n < 2; n++) {
      await using call = client.run(ask("http://10.244.0.5:8081/"));
      pids.add((await call.next<{ pid: number }>()).pid);
    }
    expect(pids.size).toBe(2);
  });
});

describe("a connection from a pod", () => {
  const failures: [string, string, object][] = [
    [
      "a port nobody listens on",
      "http://10.244.0.5:9/x",
      {
        code: "ECONNREFUSED",
        address: "10.244.0.5",
        port: 9,
        syscall: "connect",
        message: "connect ECONNREFUSED 10.244.0.5:9",
      },
    ],
    [
      "a Service without endpoints",
      "http://empty/",
      {
        code: "ECONNREFUSED",
        address: "10.96.0.21",
        port: 80,
        message: "connect ECONNREFUSED 10.96.0.21:80",
      },
    ],
    [
      "a pod that is not there",
      "http://10.244.9.9/",
      {
        code: "EHOSTUNREACH",
        address: "10.244.9.9",
        port: 80,
        message: "connect EHOSTUNREACH 10.244.9.9:80",
      },
    ],
    [
      "a name that is not there",
      "http://nosuch/",
      {
        code: "ENOTFOUND",
        hostname: "nosuch",
        syscall: "getaddrinfo",
        message: "getaddrinfo ENOTFOUND nosuch",
      },
    ],
    [
      "the node's own programs by loopback",
      "http://127.0.0.1:22/",
      { code: "ECONNREFUSED", address: "127.0.0.1" },
    ],
  ];
  test.each(failures)("to %s fails as it does in a pod", async (_what, url, error) => {
    await using call = client.run(ask(url));
    expect(await call.next()).toMatchObject(error);
    expect(await call.exited).toBe(0);
  });

  test("tells the addresses that the program knows", async () => {
    await using up = server.run(serve("8081"));
    await up.next();
    await using call = client.run(`${say}
      import net from "node:net";
      const socket = net.connect(80, "web", () => {
        const { remoteAddress, remotePort, remoteFamily, localAddress } = socket;
        say({ remoteAddress, remotePort, remoteFamily, localAddress });
        socket.destroy();
      });
      say([socket.connecting, socket.readyState]);`);
    expect(await call.next()).toEqual([true, "opening"]);
    expect(await call.next()).toEqual({
      remoteAddress: "10.96.0.20",
      remotePort: 80,
      remoteFamily: "IPv4",
      localAddress: "10.244.1.6",
    });
  });

  test("queues what is written and ended before it is open", async () => {
    await using up = server.run(`${say}
      import net from "node:net";
      net.createServer({ allowHalfOpen: true }, async (s) => { s.end((await s.toArray()).join("") + "!"); })
        .listen(8081, () => say("up"));`);
    await up.next();
    await using call = client.run(`${say}
      import net from "node:net";
      const socket = net.connect({ port: 80, host: "web", allowHalfOpen: true });
      socket.write("one "); socket.end("two");
      say((await socket.toArray()).join(""));`);
    expect(await call.next()).toBe("one two!");
  });

  test("that is destroyed while it waits closes without an error", async () => {
    await using call = client.run(`${say}
      import net from "node:net";
      const socket = net.connect(80, "10.244.9.9");
      socket.on("error", () => say("error")).on("close", (bad) => say({ bad: Boolean(bad) }));
      setTimeout(() => socket.destroy(), 50);`);
    expect(await call.next()).toEqual({ bad: false });
    expect(await call.exited).toBe(0);
  });

  test("keeps timeouts and the caller's async context", async () => {
    await using call = client.run(`${say}
      import net from "node:net"; import { AsyncLocalStorage } from "node:async_hooks";
      const store = new AsyncLocalStorage();
      const socket = net.connect({ port: 80, host: "10.244.9.9", timeout: 60 });
      socket.on("timeout", () => { say("timeout"); socket.destroy(); });
      store.run("mine", () => net.connect(9, "10.244.0.5").on("error", () => say(store.getStore())));`);
    expect(await call.next()).toBe("mine");
    expect(await call.next()).toBe("timeout");
  });

  test("uses the lookup function that it is given", async () => {
    await using up = server.run(serve("8081"));
    await up.next();
    await using call = client.run(`${say}
      import net from "node:net";
      const lookup = (name, options, done) => done(null, [{ address: "10.96.0.20", family: 4 }]);
      const socket = net.connect({ port: 80, host: "my.own.name", lookup }, () => { say(socket.remoteAddress); socket.destroy(); });`);
    expect(await call.next()).toBe("10.96.0.20");
  });

  test("does not keep the process alive before or after it is used", async () => {
    await using idle = client.run(`import dns from "node:dns"; await dns.promises.lookup("web");`);
    expect(await idle.exited).toBe(0);
  });

  test("no longer keeps the process alive once it is destroyed while it waits", async () => {
    // Nobody has the port of this Service, so the answer would come after two minutes.
    await using call = client.run(`${say}
      import net from "node:net";
      const socket = net.connect(81, "10.96.0.20");
      setTimeout(() => socket.destroy(), 50);
      socket.on("close", () => say("closed"));
    `);
    expect(await call.next()).toBe("closed");
    expect(await call.exited).toBe(0);
  }, 10_000);

  test("passes unix sockets through", async () => {
    await using call = client.run(`${say}
      import net from "node:net";
      const path = "/tmp/kubelab-test-" + process.pid + ".sock";
      const server = net.createServer((s) => s.end("hi")).listen(path, async () => {
        say((await net.connect(path).toArray()).join("")); say(server.address() === path); server.close();
      });`);
    expect(await call.next()).toBe("hi");
    expect(await call.next()).toBe(true);
  });
});

describe("what a process knows of its machine", () => {
  test("is the pod's host name, interfaces and names", async () => {
    await using call = client.run(`${say}
      import os, { hostname } from "node:os"; import dns, { lookup } from "node:dns";
      say([os.hostname(), hostname(), os.networkInterfaces().eth0[0].address]);
      say(await dns.promises.lookup("web", { all: true }));
      lookup("web.default.svc", 4, (error, address, family) => say([error, address, family]));
      say(await dns.promises.lookup("web", { family: 6 }).catch(({ code }) => code));
      say(await dns.promises.resolve4("web.default.svc.cluster.local"));
      say(await dns.promises.resolve("web").catch(({ code, syscall }) => [code, syscall]));
      say(await new dns.promises.Resolver().resolveSrv("web.default.svc.cluster.local"));
      say(await dns.promises.resolveTxt("web.default.svc.cluster.local").catch(({ code, syscall }) => [code, syscall]));
      say(await dns.promises.lookup("caller"));`);
    expect(await call.next()).toEqual(["caller", "caller", "10.244.1.6"]);
    expect(await call.next()).toEqual([{ address: "10.96.0.20", family: 4 }]);
    const rest = [];
    for (let n = 0; n < 7; n++) rest.push(await call.next());
    expect(rest).toEqual(
      expect.arrayContaining([
        [null, "10.96.0.20", 4],
        "ENOTFOUND",
        ["10.96.0.20"],
        ["ENOTFOUND", "queryA"],
        [{ name: "web.default.svc.cluster.local", port: 80, priority: 0, weight: 100 }],
        ["ENODATA", "queryTxt"],
        { address: "10.244.1.6", family: 4 },
      ]),
    );
  });

  test("is the same in its worker threads and child processes", async () => {
    await using call = client.run(`${say}
      import { Worker } from "node:worker_threads"; import { execFileSync } from "node:child_process";
      const code = 'require("node:dns").lookup("web", (e, a) => console.log(JSON.stringify([require("node:os").hostname(), a])))';
      new Worker(code, { eval: true, execArgv: [] }).on("exit", () =>
        process.stdout.write(execFileSync(process.execPath, ["-e", code])));`);
    expect(await call.next()).toEqual(["caller", "10.96.0.20"]);
    expect(await call.next()).toEqual(["caller", "10.96.0.20"]);
  });

  test("has no UDP, and says so", async () => {
    await using call = client.run(`${say}
      import dgram from "node:dgram";
      dgram.createSocket("udp4").send("x", 53, "web", ({ code, message }) => say({ code, message }));
      dgram.createSocket("udp4").on("error", ({ code, message }) => say({ code, message })).bind(53);`);
    const both = [await call.next<{ message: string }>(), await call.next<{ message: string }>()];
    expect(both.map(({ message }) => message).toSorted()).toEqual([
      "bind ENOTSUP port 53: kubelab's pod network carries TCP only, not UDP",
      "send ENOTSUP web: kubelab's pod network carries TCP only, not UDP",
    ]);
  });
});
