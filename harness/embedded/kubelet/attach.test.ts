import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { Container } from "kubernetes-types/core/v1";
import { shell, startTestNode, type TestNode } from "./node.fixture.ts";

/** Attaches with this input, whose end is the caller's, and answers what was read until the attachment ended. */
function attach(
  node: TestNode,
  name: string,
): { input: PassThrough; said: Promise<string>; leave: () => void } {
  const input = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const stopping = new AbortController();
  const said = text(stdout);
  const attached = node.kubelet.agent.attach(
    { namespace: "default", name },
    { stdin: input, stdout, stderr, tty: false, signal: stopping.signal },
  );
  void attached.finally(() => {
    stdout.end();
    stderr.end();
  });
  return { input, said, leave: () => stopping.abort() };
}

const echo = 'while read line; do echo "got $line"; done; echo ended';
const asks = (more: Partial<Container>): Container => shell(echo, { stdin: true, ...more });

test("attach writes to the first process and reads what it says; leaving does not end it", async () => {
  await using node = await startTestNode();
  await node.create("p", { containers: [asks({})] });
  await node.until("p", ({ phase }) => phase === "Running");
  const first = attach(node, "p");
  first.input.write("one\n");
  await expect.poll(() => node.logs("p")).toBe("got one\n");
  first.input.end();
  first.leave();
  expect(await first.said).toBe("got one\n");
  const second = attach(node, "p");
  second.input.write("two\n");
  await expect.poll(() => node.logs("p")).toBe("got one\ngot two\n");
  second.leave();
  expect(await second.said).toBe("got two\n");
});

test("with stdinOnce the end of the first attached input is the program's end of input", async () => {
  await using node = await startTestNode();
  await node.create("p", { restartPolicy: "Never", containers: [asks({ stdinOnce: true })] });
  await node.until("p", ({ phase }) => phase === "Running");
  const attached = attach(node, "p");
  attached.input.end("one\n");
  expect(await attached.said).toBe("got one\nended\n");
  await node.until("p", ({ phase }) => phase === "Succeeded");
});

test("a container without stdin reads an end at once", async () => {
  await using node = await startTestNode();
  await node.create("p", { restartPolicy: "Never", containers: [shell(echo)] });
  await node.until("p", ({ phase }) => phase === "Succeeded");
  expect(await node.logs("p")).toBe("ended\n");
});

test("attach to a container that has ended says so in attach's own words", async () => {
  await using node = await startTestNode();
  await node.create("p", { restartPolicy: "Never", containers: [shell("exit 0")] });
  await node.until("p", ({ phase }) => phase === "Succeeded");
  const options = { stdout: new PassThrough(), stderr: new PassThrough(), tty: false };
  const { signal } = new AbortController();
  await expect(
    node.kubelet.agent.attach({ namespace: "default", name: "p" }, { ...options, signal }),
  ).rejects.toThrow("unable to upgrade connection: container c not found in pod p_default");
});
