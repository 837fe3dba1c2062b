import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { shell, startTestNode } from "../../kubelet/node.fixture.ts";

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
