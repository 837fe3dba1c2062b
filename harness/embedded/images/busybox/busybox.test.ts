import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { shell, startTestNode } from "../../kubelet/node.fixture.ts";
import { services } from "../../resources.ts";

test("httpd serves a folder to wget and nc, by the pod's address and by loopback", async () => {
  await using node = await startTestNode();
  const script = "mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www";
  await node.create("web", {
    containers: [
      shell(script, { readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }),
    ],
  });
  const pod = await node.until("web", ({ conditions }) => conditions?.[2]?.status === "True");
  const address = `${pod.status?.podIP}:8080`;
  expect((await node.exec("web", ["wget", "-q", "-O-", `http://${address}/`])).out).toBe("web\n");
  expect(
    (await node.exec("web", ["sh", "-c", "wget -q -O - http://127.0.0.1:8080/index.html"])).out,
  ).toBe("web\n");
  expect(await node.exec("web", ["wget", "-q", "-O-", `http://${address}/none`])).toEqual({
    code: 1,
    out: "",
    err: "wget: server returned error: HTTP/1.1 404 Not Found\n",
  });
  expect((await node.exec("web", ["nc", "-z", "127.0.0.1", "8080"])).code).toBe(0);
  expect((await node.exec("web", ["nc", "-z", "127.0.0.1", "9"])).err).toContain(
    "Connection refused",
  );
  expect((await node.exec("web", ["env"])).out).not.toMatch(/^(KUBELAB|NODE_)/m);
});

test("port-forward reaches the pod's port and attach its output", async () => {
  await using node = await startTestNode();
  const script =
    "echo begun; mkdir -p /www; echo page > /www/index.html; while :; do echo tick; sleep 0.1; done & exec httpd -f -p 80 -h /www";
  await node.create("web", {
    containers: [shell(script, { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } })],
  });
  await node.until("web", ({ conditions }) => conditions?.[2]?.status === "True");
  const key = { namespace: "default", name: "web" };
  const { signal } = new AbortController();
  const stream = await node.kubelet.agent.connect(key, 80, signal);
  stream.write("GET / HTTP/1.0\r\n\r\n");
  let answer = "";
  for await (const chunk of stream) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK[^]*page\n$/);
  const left = new AbortController();
  const stdout = new PassThrough();
  const attached = node.kubelet.agent.attach(key, {
    stdout,
    stderr: new PassThrough(),
    tty: false,
    signal: left.signal,
  });
  expect(String((await stdout[Symbol.asyncIterator]().next()).value)).toContain("tick");
  left.abort();
  await attached;
});

test("a container has its pod's name, and no program of the machine that would speak past its network", async () => {
  await using node = await startTestNode();
  await node.create("bb", { containers: [shell("exec sleep 100")] });
  await node.create("web", { containers: [{ name: "c", image: "nginx" }] });
  for (const name of ["bb", "web"]) await node.until(name, ({ phase }) => phase === "Running");
  const inShell = (name: string, script: string) => node.exec(name, ["sh", "-c", script]);
  expect((await node.exec("web", ["hostname"])).out).toBe("web\n");
  expect((await inShell("web", "hostname; env | grep -c ^KUBELAB")).out).toBe("web\n0\n");
  await expect
    .poll(async () => (await inShell("web", "curl -sI localhost")).out, { timeout: 10_000 })
    .toContain("200 OK");
  const page = ["busybox", "wget", "-qO-", `http://web/`];
  expect((await node.exec("bb", page)).err).toBe("wget: bad address 'web'\n");
  await expect(node.exec("bb", ["curl", "localhost"])).rejects.toThrow(
    'exec: "curl": executable file not found in $PATH',
  );
  await expect(node.exec("bb", ["/usr/bin/curl", "localhost"])).rejects.toThrow(
    'exec: "/usr/bin/curl": stat /usr/bin/curl: no such file or directory',
  );
  expect(await inShell("bb", "curl localhost")).toEqual({
    code: 127,
    out: "",
    err: "sh: curl: not found\n",
  });
});

test("nslookup asks the cluster's DNS, with search domains only for a name without a dot", async () => {
  await using node = await startTestNode();
  const spec = { clusterIP: "10.96.1.9", ports: [{ name: "http", port: 80 }] };
  await node.client.create(services, { metadata: { namespace: "default", name: "web" }, spec });
  await node.create("bb", { containers: [shell("exec sleep 100")] });
  await node.until("bb", ({ phase }) => phase === "Running");
  const nslookup = (...words: string[]) => node.exec("bb", ["nslookup", ...words]);
  const head = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n";
  const full = "web.default.svc.cluster.local";
  await expect
    .poll(() => nslookup(full))
    .toEqual({ code: 0, out: `${head}Name:\t${full}\nAddress: 10.96.1.9\n\n\n`, err: "" });
  const short = await nslookup("web");
  expect(short.code).toBe(1);
  expect(short.out).toContain(`Name:\t${full}\nAddress: 10.96.1.9\n`);
  expect(short.out).toContain("** server can't find web.svc.cluster.local: NXDOMAIN\n");
  expect((await nslookup("web.default")).out).toContain(
    "** server can't find web.default: NXDOMAIN\n",
  );
  expect((await nslookup("-type=srv", full)).out).toBe(
    `${head}${full}\tservice = 0 100 80 ${full}\n\n`,
  );
  expect((await nslookup("-type=mx", full)).err).toBe(
    'nslookup: query type "mx" is not built, those are: A, AAAA, SRV\n',
  );
  expect((await nslookup("web", "1.2.3.4")).err).toContain("only the pod's own DNS server");
});
