import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { systemClock } from "../../time/clock.ts";
import { configMaps, pods, secrets } from "../resources.ts";
import { shell, startTestNode } from "./node.fixture.ts";

const web = "mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www";
const onRoot = { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 };
const namespace = "default";

test("starts a pod in the order of states that a real kubelet shows", async () => {
  await using node = await startTestNode();
  await node.create("web", { containers: [shell(web, { readinessProbe: onRoot })] });
  const pod = await node.until("web", ({ conditions }) => isTrue(conditions, "Ready"));
  const seen = node.states.map(({ status }) => [
    status?.phase,
    isTrue(status?.conditions, "PodReadyToStartContainers"),
    status?.podIP !== undefined,
    Object.keys(status?.containerStatuses?.[0]?.state ?? {})[0],
    isTrue(status?.conditions, "Ready"),
  ]);
  expect(seen).toEqual([
    ["Pending", false, false, undefined, false],
    ["Pending", false, false, "waiting", false],
    ["Pending", true, false, "waiting", false],
    ["Running", true, true, "running", false],
    ["Running", true, true, "running", true],
  ]);
  expect(pod.status?.conditions?.map(({ type }) => type)).toEqual([
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
  ]);
  expect(pod.status?.containerStatuses?.[0]).toMatchObject({
    image: "docker.io/library/bb:1",
    imageID: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    started: true,
    lastState: {},
  });
  const told = await node.events("web");
  expect(told.map(({ type, reason, message }) => [type, reason, message])).toEqual([
    [
      "Normal",
      "Pulled",
      'Container image "bb:1" already present on machine and can be accessed by the pod',
    ],
    ["Normal", "Created", "Container created"],
    ["Normal", "Started", "Container started"],
  ]);
  expect(told[0]?.involvedObject.fieldPath).toBe("spec.containers{c}");
});

test("gives exec the container's files, input and exit codes", async () => {
  await using node = await startTestNode();
  await node.create("web", { containers: [shell(web)] });
  await node.until("web", ({ phase }) => phase === "Running");
  await expect
    .poll(async () => (await node.exec("web", ["cat", "/www/index.html"])).out)
    .toBe("web\n");
  expect(await node.exec("web", ["rm", "/www/index.html"])).toEqual({ code: 0, out: "", err: "" });
  expect((await node.exec("web", ["sh", "-c", "exit 7"])).code).toBe(7);
  expect((await node.exec("web", ["cat"], "hello")).out).toBe("hello");
  expect((await node.exec("web", ["cat", "/etc/hosts"])).out).toContain("\tweb\n");
  await expect(node.exec("web", ["nope"])).rejects.toThrow(
    'exec: "nope": executable file not found in $PATH',
  );
});

test("ends a program that ignores SIGTERM after the grace period, and one that obeys at once", async () => {
  await using node = await startTestNode();
  await node.create("deaf", { terminationGracePeriodSeconds: 2, containers: [shell("sleep 100")] });
  await node.create("good", {
    terminationGracePeriodSeconds: 10,
    containers: [shell("trap 'exit 0' TERM; while :; do sleep 0.1; done")],
  });
  for (const name of ["deaf", "good"]) await node.until(name, ({ phase }) => phase === "Running");
  await systemClock.sleep(200);
  const beganMs = systemClock.now();
  const tookMs = async (name: string): Promise<number> => {
    await node.client.delete(pods, { namespace, name });
    await node.gone(name);
    return systemClock.now() - beganMs;
  };
  const [deafMs, goodMs] = await Promise.all([tookMs("deaf"), tookMs("good")]);
  expect(deafMs).toBeGreaterThan(1900);
  expect(deafMs).toBeLessThan(2500);
  expect(goodMs).toBeLessThan(1000);
  const last = (name: string): unknown =>
    node.states.findLast(({ metadata }) => metadata?.name === name)?.status;
  expect(last("deaf")).toMatchObject({
    phase: "Failed",
    containerStatuses: [{ state: { terminated: { exitCode: 137, reason: "Error" } } }],
  });
  expect(last("good")).toMatchObject({
    phase: "Succeeded",
    containerStatuses: [{ state: { terminated: { exitCode: 0, reason: "Completed" } } }],
  });
});

test("backs off from a container that crashes, and keeps its previous log", async () => {
  await using node = await startTestNode();
  const { metadata } = await node.create("crash", { containers: [shell("echo bye; exit 3")] });
  const pod = await node.until(
    "crash",
    ({ containerStatuses }) => containerStatuses?.[0]?.restartCount === 2,
    20_000,
  );
  expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
    exitCode: 3,
    reason: "Error",
  });
  const waiting = node.states.find(
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.message,
  );
  expect(waiting?.status?.containerStatuses?.[0]?.state?.waiting).toEqual({
    reason: "CrashLoopBackOff",
    message: `back-off 10s restarting failed container=c pod=crash_default(${metadata?.uid})`,
  });
  const told = await node.events("crash");
  expect(told.find(({ reason }) => reason === "BackOff")?.message).toBe(
    `Back-off restarting failed container c in pod crash_default(${metadata?.uid})`,
  );
  expect(await node.logs("crash", { previous: true })).toBe("bye\n");
}, 40_000);

test("says why an image, a ConfigMap, a key, a program or a field is no good", async () => {
  await using node = await startTestNode();
  await node.client.create(configMaps, { metadata: { namespace, name: "cfg" }, data: { A: "1" } });
  const key = (name: string, missing: string): object => ({
    env: [{ name: "X", valueFrom: { configMapKeyRef: { name, key: missing } } }],
  });
  const cases: readonly (readonly [string, object, string, string])[] = [
    [
      "image",
      { image: "nope.invalid/nope:1" },
      "ErrImagePull",
      'failed to resolve reference "nope.invalid/nope:1": failed to do request: Head "https://nope.invalid/v2/nope/manifests/1": dial tcp: lookup nope.invalid on ',
    ],
    [
      "never",
      { image: "nope:1", imagePullPolicy: "Never" },
      "ErrImageNeverPull",
      'Container image "nope:1" is not present with pull policy of Never',
    ],
    [
      "name",
      { image: "Nope" },
      "InvalidImageName",
      `Failed to apply default image tag "Nope": couldn't parse image name "Nope": invalid reference format: repository name (library/Nope) must be lowercase`,
    ],
    [
      "root",
      { securityContext: { runAsNonRoot: true } },
      "CreateContainerConfigError",
      'container has runAsNonRoot and image will run as root (pod: "root_default(',
    ],
    [
      "zero",
      { securityContext: { runAsNonRoot: true, runAsUser: 0 } },
      "CreateContainerConfigError",
      `container's runAsUser breaks non-root policy (pod: "zero_default(`,
    ],
    [
      "user",
      { image: "curlimages/curl", securityContext: { runAsNonRoot: true } },
      "CreateContainerConfigError",
      "container has runAsNonRoot and image has non-numeric user (curl_user), cannot verify user is non-root",
    ],
    [
      "map",
      { envFrom: [{ configMapRef: { name: "nope" } }] },
      "CreateContainerConfigError",
      'configmap "nope" not found',
    ],
    [
      "secret",
      { envFrom: [{ secretRef: { name: "nope" } }] },
      "CreateContainerConfigError",
      'secret "nope" not found',
    ],
    [
      "key",
      key("cfg", "B"),
      "CreateContainerConfigError",
      "couldn't find key B in ConfigMap default/cfg",
    ],
    [
      "host",
      { livenessProbe: { tcpSocket: { port: 1, host: "elsewhere" } } },
      "CreateContainerConfigError",
      "livenessProbe.tcpSocket.host is not supported",
    ],
    [
      "hook",
      { lifecycle: { preStop: { httpGet: { port: 1, host: "elsewhere" } } } },
      "CreateContainerConfigError",
      "lifecycle.preStop.httpGet.host is not supported",
    ],
    [
      "signal",
      { lifecycle: { stopSignal: "SIGUSR1" } },
      "CreateContainerConfigError",
      "lifecycle.stopSignal is not supported",
    ],
    [
      "program",
      { command: ["/nope"] },
      "RunContainerError",
      'exec: "/nope": stat /nope: no such file or directory: unknown',
    ],
  ];
  for (const [name, more] of cases)
    await node.create(name, { containers: [shell("sleep 9", more)] });
  for (const [name, , reason, message] of cases) {
    const waitingOf = (status: {
      containerStatuses?: readonly {
        state?: { waiting?: { reason?: string; message?: string } };
      }[];
    }) => status.containerStatuses?.[0]?.state?.waiting;
    const pod = await node.until(name, (status) => waitingOf(status)?.reason === reason);
    expect(waitingOf(pod.status ?? {})?.message).toContain(message);
    expect((await node.events(name)).map((event) => event.reason)).toContain("Failed");
  }
  await node.create("other", {
    containers: [shell("sleep 9", { securityContext: { runAsNonRoot: true, runAsUser: 1000 } })],
  });
  await node.until("other", ({ phase }) => phase === "Running");
  await expect(node.logs("image")).rejects.toThrow(
    /^container "c" in pod "image" is waiting to start: (image can't be pulled|trying and failing to pull image)$/,
  );
});

test("puts configuration into environment and files; folders follow it, subPaths and variables do not", async () => {
  await using node = await startTestNode({ resyncMs: 300 });
  const map = { metadata: { namespace, name: "cfg" }, data: { APP: "one", "a.txt": "text" } };
  await node.client.create(configMaps, map);
  await node.client.create(secrets, {
    metadata: { namespace, name: "sec" },
    data: { PWD: "YWJj" },
  });
  await node.create("p", {
    volumes: [{ name: "v", configMap: { name: "cfg" } }],
    containers: [
      shell("sleep 1000", {
        env: [
          { name: "PW", valueFrom: { secretKeyRef: { name: "sec", key: "PWD" } } },
          { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          { name: "SUM", value: "$(PW)-$$(PW)-$(NONE)" },
        ],
        envFrom: [{ prefix: "C_", configMapRef: { name: "cfg" } }],
        volumeMounts: [
          { name: "v", mountPath: "/go/bin/app.yaml", subPath: "APP" },
          { name: "v", mountPath: "/cfg" },
        ],
      }),
    ],
  });
  const pod = await node.until("p", ({ podIP }) => podIP !== undefined);
  const show = async (): Promise<string> =>
    (
      await node.exec("p", [
        "sh",
        "-c",
        'cat /cfg/APP /go/bin/app.yaml; echo " $C_APP $PW $IP $SUM"',
      ])
    ).out;
  const rest = `abc ${pod.status?.podIP} abc-$(PW)-$(NONE)\n`;
  expect(await show()).toBe(`oneone one ${rest}`);
  await node.client.update(configMaps, { ...map, data: { APP: "two" } });
  await expect.poll(show, { timeout: 5000 }).toBe(`twoone one ${rest}`);
  expect((await node.exec("p", ["ls", "/cfg"])).out).toBe("APP\n");
});

test("leaves no process, file or descriptor behind after fifty pods", async () => {
  await using node = await startTestNode();
  const open = (): number =>
    process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
  const cycle = async (count: number): Promise<void> => {
    const names = Array.from({ length: count }, (_, index) => `p${index}`);
    const containers = [shell("trap 'exit 0' TERM; while :; do sleep 0.05; done")];
    await Promise.all(names.map((name) => node.create(name, { containers })));
    for (const name of names) await node.until(name, ({ phase }) => phase === "Running");
    await Promise.all(names.map((name) => node.client.delete(pods, { namespace, name })));
    for (const name of names) await node.gone(name);
  };
  await cycle(5);
  await systemClock.sleep(200);
  const before = { fds: open(), processes: readdirSync(`${node.stateDir}/processes`).length };
  for (let round = 0; round < 10; round++) await cycle(5);
  await systemClock.sleep(200);
  expect(readdirSync(`${node.stateDir}/pods`)).toEqual([]);
  expect(readdirSync(`${node.stateDir}/processes`).length).toBe(before.processes);
  expect(open()).toBeLessThanOrEqual(before.fds);
});

function isTrue(
  conditions: readonly { type: string; status: string }[] | undefined,
  type: string,
): boolean {
  return conditions?.find((condition) => condition.type === type)?.status === "True";
}
