import { expect, test } from "vitest";
import { systemClock } from "../../time/clock.ts";
import { pods } from "../resources.ts";
import { shell, startTestNode } from "./node.fixture.ts";

const namespace = "default";

/** Answers HTTP on 8080, prints each request, and ends at SIGTERM. */
const teller = (status: number): { command: string[] } => ({
  command: [
    "node",
    "-e",
    `require("node:http").createServer((request, response) => {
      console.log(request.method, request.url, request.headers["x-hook"] ?? "");
      response.writeHead(${status}).end();
    }).listen(8080);
    process.on("SIGTERM", () => { console.log("TERM"); process.exit(0); });`,
  ],
});

test("an httpGet preStop asks its path by the port's name before SIGTERM", async () => {
  await using node = await startTestNode();
  const httpHeaders = [{ name: "X-Hook", value: "bye" }];
  await node.create("p", {
    terminationGracePeriodSeconds: 5,
    containers: [
      {
        name: "c",
        image: "bb:1",
        ...teller(200),
        ports: [{ name: "web", containerPort: 8080 }],
        readinessProbe: { tcpSocket: { port: "web" }, periodSeconds: 1 },
        lifecycle: { preStop: { httpGet: { path: "/stop?a=1", port: "web", httpHeaders } } },
      },
    ],
  });
  await node.until("p", ({ conditions }) => conditions?.[2]?.status === "True");
  const log = await node.kubelet.agent.logs({ namespace, name: "p" }, { follow: true });
  await node.client.delete(pods, { namespace, name: "p" });
  let said = "";
  for await (const chunk of log) said += String(chunk);
  expect(said).toBe("GET /stop?a=1 bye\nTERM\n");
});

test("a preStop that fails is told and does not keep the container from its SIGTERM", async () => {
  await using node = await startTestNode();
  await node.create("p", {
    terminationGracePeriodSeconds: 10,
    containers: [
      {
        name: "c",
        image: "bb:1",
        ...teller(200),
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
        lifecycle: { preStop: { httpGet: { path: "/", port: 8081 } } },
      },
    ],
  });
  await node.until("p", ({ conditions }) => conditions?.[2]?.status === "True");
  const beganMs = systemClock.now();
  await node.client.delete(pods, { namespace, name: "p" });
  await node.gone("p");
  expect(systemClock.now() - beganMs).toBeLessThan(3000);
  const told = (await node.events("p")).map(({ reason, message }) => `${reason}: ${message}`);
  expect(told).toContain("FailedPreStopHook: PreStopHook failed");
});

test("an httpGet postStart that finds nobody listening ends the container", async () => {
  await using node = await startTestNode();
  await node.create("p", {
    containers: [
      {
        name: "c",
        image: "bb:1",
        ...teller(200),
        lifecycle: { postStart: { httpGet: { path: "/", port: 8081 } } },
      },
    ],
  });
  const message =
    /^HTTP lifecycle hook \(\/\) for Container "c" in Pod "p_default\([-0-9a-f]{36}\)" failed - error: /;
  await node.until("p", ({ containerStatuses }) => {
    const { waiting } = containerStatuses?.[0]?.state ?? {};
    return waiting?.reason === "PostStartHookError" && message.test(waiting.message ?? "");
  });
  expect((await node.events("p")).map(({ reason }) => reason)).toContain("FailedPostStartHook");
});

test("an httpGet postStart waits for a program that boots, and takes any answer", async () => {
  await using node = await startTestNode();
  await node.create("p", {
    containers: [
      {
        name: "c",
        image: "bb:1",
        ...teller(500),
        lifecycle: { postStart: { httpGet: { path: "/up", port: 8080 } } },
      },
    ],
  });
  await node.until("p", ({ phase }) => phase === "Running");
  expect(await node.logs("p")).toBe("GET /up \n");
  expect((await node.events("p")).map(({ reason }) => reason)).not.toContain("FailedPostStartHook");
});

test("an exec postStart that fails says its command, its exit code and what it printed", async () => {
  await using node = await startTestNode();
  const command = ["sh", "-c", "echo out; echo why >&2; exit 7"];
  await node.create("p", {
    containers: [shell("sleep 100", { lifecycle: { postStart: { exec: { command } } } })],
  });
  const { metadata, status } = await node.until("p", ({ containerStatuses }) =>
    Boolean(containerStatuses?.[0]?.state?.waiting?.message),
  );
  expect(status?.containerStatuses?.[0]?.state?.waiting).toEqual({
    reason: "PostStartHookError",
    message: `Exec lifecycle hook ([${command.join(" ")}]) for Container "c" in Pod "p_default(${metadata?.uid})" failed - error: command '${command.join(" ")}' exited with 7: why\n, message: "out\\nwhy\\n"`,
  });
});

test("a preStop sleep holds SIGTERM back for its seconds, counted against the grace period", async () => {
  await using node = await startTestNode();
  const script = "trap 'echo TERM; exit 0' TERM; while :; do sleep 0.05; done";
  const sleeps = (seconds: number): object => ({ lifecycle: { preStop: { sleep: { seconds } } } });
  const spec = (grace: number, seconds: number): object => ({
    terminationGracePeriodSeconds: grace,
    containers: [shell(script, sleeps(seconds))],
  });
  await node.create("short", spec(20, 2));
  await node.create("long", spec(1, 60));
  const took = async (name: string): Promise<number> => {
    await node.until(name, ({ phase }) => phase === "Running");
    const beganMs = systemClock.now();
    await node.client.delete(pods, { namespace, name });
    await node.gone(name);
    return systemClock.now() - beganMs;
  };
  const [shortMs, longMs] = await Promise.all([took("short"), took("long")]);
  expect(shortMs).toBeGreaterThan(1950);
  expect(shortMs).toBeLessThan(3000);
  // The grace period is over before the hook is: SIGTERM comes then.
  expect(longMs).toBeGreaterThan(950);
  expect(longMs).toBeLessThan(2500);
});
