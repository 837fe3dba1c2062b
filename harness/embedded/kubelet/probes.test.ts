import type { Container, Probe } from "kubernetes-types/core/v1";
import { expect, test } from "vitest";
import { systemClock } from "../../time/clock.ts";
import { CertificateAuthority } from "../apiserver/auth/certificates.ts";
import { pods, secrets } from "../resources.ts";
import { fromTime } from "../timestamps.ts";
import { shell, startTestNode, type TestNode } from "./node.fixture.ts";
import type { FullPodStatus } from "./pod-model.ts";

const namespace = "default";
const web = "mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www";
const onRoot: Probe = { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 };

function conditionOf({ conditions }: FullPodStatus, type: string) {
  return conditions?.find((condition) => condition.type === type);
}

const isReady = (status: FullPodStatus): boolean => conditionOf(status, "Ready")?.status === "True";

test("an HTTPS probe takes any certificate, and judges the status as HTTP's does", async () => {
  await using node = await startTestNode();
  const authority = new CertificateAuthority("nobody's", systemClock.now());
  const { certificate, key } = authority.issue({ commonName: "x", hosts: ["x.example"] });
  await node.client.create(secrets, {
    metadata: { namespace, name: "tls" },
    stringData: { crt: certificate, key },
    data: { crt: btoa(certificate), key: btoa(key) },
  });
  const script = `const fs = require("node:fs");
    const pair = { cert: fs.readFileSync("/tls/crt"), key: fs.readFileSync("/tls/key") };
    require("node:https").createServer(pair, (request, response) =>
      response.writeHead(request.url === "/ok" ? 204 : 500).end()).listen(8443);`;
  const secure = (name: string, path: string): Container => ({
    name,
    image: "bb:1",
    command: ["node", "-e", script.replace("8443", name === "good" ? "8443" : "8444")],
    volumeMounts: [{ name: "tls", mountPath: "/tls" }],
    readinessProbe: {
      httpGet: { path, port: name === "good" ? 8443 : 8444, scheme: "HTTPS" },
      periodSeconds: 1,
    },
  });
  await node.create("p", {
    volumes: [{ name: "tls", secret: { secretName: "tls" } }],
    containers: [secure("good", "/ok"), secure("bad", "/broken")],
  });
  const ready = (status: FullPodStatus): readonly boolean[] | undefined =>
    status.containerStatuses?.map((container) => container.ready);
  await node.until("p", (status) => ready(status)?.[0] === true);
  await expect
    .poll(async () => (await node.events("p")).map(({ message }) => message))
    .toContain("Readiness probe failed: HTTP probe failed with statuscode: 500");
  const { status } = await node.until("p", () => true);
  expect(ready(status ?? {})).toEqual([true, false]);
});

test("a slow starter without startupProbe is killed again and again, and lives with one", async () => {
  await using node = await startTestNode();
  const slow = `sleep 3; ${web}`;
  const livenessProbe = { ...onRoot, failureThreshold: 1 };
  await node.create("without", {
    containers: [shell(slow, { livenessProbe, readinessProbe: onRoot })],
  });
  await node.create("with", {
    containers: [
      shell(slow, {
        livenessProbe,
        readinessProbe: onRoot,
        startupProbe: { ...onRoot, failureThreshold: 10 },
      }),
    ],
  });
  const early = await node.until(
    "with",
    ({ containerStatuses }) => containerStatuses?.[0]?.state?.running !== undefined,
  );
  expect(early.status?.containerStatuses?.[0]).toMatchObject({ started: false, ready: false });
  const { status } = await node.until("with", isReady);
  expect(status?.containerStatuses?.[0]).toMatchObject({ started: true, restartCount: 0 });
  const told = (await node.events("with")).map(({ message = "" }) => message);
  expect(told.some((it) => it.startsWith("Startup probe failed: Get "))).toBe(true);
  expect(told.some((it) => it.startsWith("Liveness probe failed"))).toBe(false);
  const killed = await node.until(
    "without",
    ({ containerStatuses }) => (containerStatuses?.[0]?.restartCount ?? 0) >= 1,
  );
  expect(isReady(killed.status ?? {})).toBe(false);
});

test("a startupProbe that never succeeds restarts its container after period × threshold", async () => {
  await using node = await startTestNode();
  const startupProbe = { ...onRoot, failureThreshold: 3 };
  await node.create("p", { containers: [shell("exec sleep 1000", { startupProbe })] });
  const { status } = await node.until(
    "p",
    ({ containerStatuses }) => containerStatuses?.[0]?.restartCount === 1,
  );
  const { startedAt, finishedAt, exitCode } =
    status?.containerStatuses?.[0]?.lastState?.terminated ?? {};
  expect(exitCode).toBe(137);
  // 3 s of probes, then SIGTERM, which sleep has no handler for, and the least grace of 2 s.
  const livedMs = (fromTime(finishedAt) ?? 0) - (fromTime(startedAt) ?? 0);
  expect(livedMs).toBeGreaterThanOrEqual(4000);
  expect(livedMs).toBeLessThanOrEqual(7000);
  expect((await node.events("p")).map(({ message }) => message)).toContain(
    "Container c failed startup probe, will be restarted",
  );
});

test("a probe's terminationGracePeriodSeconds counts for its own kill, the pod's for the pod's end", async () => {
  await using node = await startTestNode();
  const deaf = "trap '' TERM; touch /alive; while :; do sleep 0.05; done";
  const probe = (own: object): Probe => ({
    exec: { command: ["cat", "/alive"] },
    periodSeconds: 1,
    failureThreshold: 1,
    ...own,
  });
  await node.create("own", {
    terminationGracePeriodSeconds: 30,
    containers: [shell(deaf, { livenessProbe: probe({ terminationGracePeriodSeconds: 3 }) })],
  });
  await node.until("own", ({ phase }) => phase === "Running");
  await expect.poll(async () => (await node.exec("own", ["ls", "/alive"])).code).toBe(0);
  await node.exec("own", ["rm", "/alive"]);
  const killing = await killedAtMs(node, "own");
  const { status } = await node.until(
    "own",
    ({ containerStatuses }) => containerStatuses?.[0]?.restartCount === 1,
  );
  const { finishedAt } = status?.containerStatuses?.[0]?.lastState?.terminated ?? {};
  const graceMs = (fromTime(finishedAt) ?? 0) - killing;
  expect(graceMs).toBeGreaterThanOrEqual(2000);
  expect(graceMs).toBeLessThanOrEqual(4500);
});

async function killedAtMs(node: TestNode, name: string): Promise<number> {
  const find = async () => (await node.events(name)).find(({ reason }) => reason === "Killing");
  await expect.poll(find, { timeout: 10_000 }).toBeDefined();
  return fromTime((await find())?.firstTimestamp) ?? 0;
}

test("readiness gates hold a ready pod back until others set their conditions", async () => {
  await using node = await startTestNode();
  const conditionType = "example.com/in-load-balancer";
  await node.create("p", {
    readinessGates: [{ conditionType }],
    containers: [shell(web, { readinessProbe: onRoot })],
  });
  const held = await node.until(
    "p",
    (status) => conditionOf(status, "ContainersReady")?.status === "True",
  );
  expect(conditionOf(held.status ?? {}, "Ready")).toMatchObject({
    status: "False",
    reason: "ReadinessGatesNotReady",
    message: `corresponding condition of pod readiness gate "${conditionType}" does not exist.`,
  });
  const say = async (status: "True" | "False"): Promise<void> => {
    const pod = await node.client.get(pods, { namespace, name: "p" });
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== conditionType);
    const body = { status: { conditions: [...others, { type: conditionType, status }] } };
    const options = { subresource: "status" };
    await node.client.patch(pods, { namespace, name: "p" }, { type: "merge", body }, options);
  };
  await say("True");
  await node.until("p", isReady);
  await say("False");
  const back = await node.until("p", (status) => !isReady(status));
  expect(conditionOf(back.status ?? {}, "Ready")?.message).toBe(
    `the status of pod readiness gate "${conditionType}" is not "True", but False`,
  );
});
