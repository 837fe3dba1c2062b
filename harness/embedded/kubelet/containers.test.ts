import { expect, test } from "vitest";
import { pods } from "../resources.ts";
import { shell, startTestNode } from "./node.fixture.ts";

const namespace = "default";
const patient = "trap 'exit 0' TERM; while :; do sleep 0.05; done";

test("runs init containers one after the other, then sidecars beside the others, and ends sidecars last", async () => {
  await using node = await startTestNode();
  const note = (name: string, script: string): string => `echo ${name} >> /shared/order; ${script}`;
  const volumeMounts = [{ name: "shared", mountPath: "/shared" }];
  // Ready to be ended before it says that it is there.
  const ending = (name: string): string =>
    `trap 'echo end-${name} >> /shared/order; cat /shared/order; exit 0' TERM; ${note(name, "while :; do sleep 0.05; done")}`;
  const seen = (name: string) => ({
    exec: { command: ["grep", name, "/shared/order"] },
    periodSeconds: 1,
  });
  await node.create("p", {
    terminationGracePeriodSeconds: 5,
    volumes: [{ name: "shared", emptyDir: {} }],
    initContainers: [
      shell(note("one", "true"), { name: "one", volumeMounts }),
      shell(ending("side"), {
        name: "side",
        restartPolicy: "Always",
        volumeMounts,
        // Without it the next one begins as soon as this one's process is there.
        startupProbe: seen("side"),
      }),
      shell(note("two", "true"), { name: "two", volumeMounts }),
    ],
    containers: [
      shell(ending("main"), { name: "main", volumeMounts, readinessProbe: seen("main") }),
    ],
  });
  const pod = await node.until(
    "p",
    ({ phase, conditions }) => phase === "Running" && conditions?.[2]?.status === "True",
  );
  expect(pod.status?.conditions?.find(({ type }) => type === "Initialized")?.status).toBe("True");
  expect(
    pod.status?.initContainerStatuses?.map(({ name, ready, started }) => [name, ready, started]),
  ).toEqual([
    ["one", true, false],
    ["side", true, true],
    ["two", true, false],
  ]);
  const first = node.states.find(({ status }) => status?.initContainerStatuses);
  expect(first?.status?.conditions?.find(({ type }) => type === "Initialized")).toMatchObject({
    status: "False",
    message: "containers with incomplete status: [one side two]",
  });
  expect(first?.status?.containerStatuses?.[0]?.state).toEqual({
    waiting: { reason: "PodInitializing" },
  });
  const said = node.kubelet.agent.logs(
    { namespace, name: "p" },
    { container: "side", follow: true },
  );
  await node.client.delete(pods, { namespace, name: "p" });
  const lines: string[] = [];
  for await (const chunk of await said) lines.push(String(chunk));
  expect(lines.join("").split("\n")).toEqual([
    "one",
    "side",
    "two",
    "main",
    "end-main",
    "end-side",
    "",
  ]);
  await node.gone("p");
});

test("ends a pod as its restart policy says", async () => {
  await using node = await startTestNode({ relistMs: 100 });
  await node.create("done", { restartPolicy: "Never", containers: [shell("exit 0")] });
  await node.create("bad", { restartPolicy: "Never", containers: [shell("exit 9")] });
  await node.create("again", {
    restartPolicy: "OnFailure",
    containers: [shell("test -e /x && exit 0; exit 1")],
  });
  await node.create("late", {
    restartPolicy: "Never",
    activeDeadlineSeconds: 1,
    containers: [shell(patient)],
  });
  const done = await node.until("done", ({ phase }) => phase === "Succeeded");
  expect(done.status?.conditions?.find(({ type }) => type === "Ready")?.reason).toBe(
    "PodCompleted",
  );
  await node.until("bad", ({ phase }) => phase === "Failed");
  const again = await node.until(
    "again",
    ({ containerStatuses }) => containerStatuses?.[0]?.restartCount === 1,
  );
  expect(again.status?.phase).toBe("Running");
  const late = await node.until("late", ({ phase }) => phase === "Failed");
  expect(late.status).toMatchObject({
    reason: "DeadlineExceeded",
    message: "Pod was active on the node longer than the specified deadline",
  });
});

test("runs hooks, and ends a container whose postStart fails", async () => {
  await using node = await startTestNode();
  await node.create("hooks", {
    terminationGracePeriodSeconds: 5,
    containers: [
      shell(`trap 'cat /h; exit 0' TERM; while :; do sleep 0.05; done`, {
        lifecycle: {
          postStart: { exec: { command: ["sh", "-c", "echo post > /h"] } },
          preStop: { exec: { command: ["sh", "-c", "echo pre >> /h"] } },
        },
      }),
    ],
  });
  await node.create("failing", {
    containers: [shell(patient, { lifecycle: { postStart: { exec: { command: ["false"] } } } })],
  });
  await node.until("hooks", ({ phase }) => phase === "Running");
  const log = await node.kubelet.agent.logs({ namespace, name: "hooks" }, { follow: true });
  await node.client.delete(pods, { namespace, name: "hooks" });
  let said = "";
  for await (const chunk of log) said += String(chunk);
  expect(said).toBe("post\npre\n");
  await node.until(
    "failing",
    ({ containerStatuses }) =>
      containerStatuses?.[0]?.state?.waiting?.reason === "PostStartHookError",
  );
  expect((await node.events("failing")).map(({ reason }) => reason)).toContain(
    "FailedPostStartHook",
  );
});

test("restarts a container whose liveness command fails and keeps its readiness by TCP", async () => {
  await using node = await startTestNode();
  await node.create("p", {
    terminationGracePeriodSeconds: 1,
    containers: [
      shell("touch /alive; mkdir -p /www; exec httpd -f -p 7000 -h /www", {
        readinessProbe: { tcpSocket: { port: 7000 }, periodSeconds: 1, failureThreshold: 1 },
        livenessProbe: {
          exec: { command: ["cat", "/alive"] },
          periodSeconds: 1,
          failureThreshold: 1,
          initialDelaySeconds: 1,
        },
      }),
    ],
  });
  await node.until("p", ({ conditions }) => conditions?.[2]?.status === "True");
  await node.exec("p", ["rm", "/alive"]);
  const pod = await node.until(
    "p",
    ({ containerStatuses }) => containerStatuses?.[0]?.restartCount === 1,
  );
  expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(137);
  const told = (await node.events("p")).map(({ reason, message }) => `${reason}: ${message}`);
  expect(told).toContain("Killing: Container c failed liveness probe, will be restarted");
  expect(told.some((it) => it.startsWith("Unhealthy: Liveness probe failed: cat: "))).toBe(true);
});

test.runIf(process.platform === "linux")(
  "kills a container that outgrows its memory limit",
  async () => {
    await using node = await startTestNode();
    const script = "const held=[]; setInterval(()=>held.push(Buffer.alloc(4e6,1)),20)";
    await node.create("big", {
      restartPolicy: "Never",
      containers: [
        {
          name: "c",
          image: "bb:1",
          command: ["node", "-e", script],
          resources: { limits: { memory: "80Mi" } },
        },
      ],
    });
    const pod = await node.until("big", ({ phase }) => phase === "Failed", 20_000);
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      reason: "OOMKilled",
      exitCode: 137,
    });
  },
);

test("shows logs from a line, a time, a number of bytes on, and with times", async () => {
  await using node = await startTestNode();
  await node.create("p", { containers: [shell(`echo one; echo two; echo three; ${patient}`)] });
  await expect.poll(() => node.logs("p").catch(() => "")).toBe("one\ntwo\nthree\n");
  expect(await node.logs("p", { tailLines: 1 })).toBe("three\n");
  expect(await node.logs("p", { tailLines: 0 })).toBe("");
  expect(await node.logs("p", { limitBytes: 5 })).toBe("one\nt");
  expect(await node.logs("p", { sinceTime: "2100-01-01T00:00:00Z" })).toBe("");
  expect(await node.logs("p", { timestamps: true, tailLines: 1 })).toMatch(/^20\d\d-.*Z three\n$/);
  await expect(node.logs("p", { previous: true })).rejects.toThrow(
    'previous terminated container "c" in pod "p" not found',
  );
  await expect(node.logs("p", { container: "x" })).rejects.toThrow(
    "container x is not valid for pod p",
  );
});

test("keeps a pod whose volume cannot be made waiting, and names the volume and its type", async () => {
  await using node = await startTestNode();
  await node.create("p", {
    volumes: [{ name: "v", configMap: { name: "nope" } }],
    containers: [shell("true", { volumeMounts: [{ name: "v", mountPath: "/v" }] })],
  });
  await expect
    .poll(async () => (await node.events("p"))[0]?.message)
    .toBe('MountVolume.SetUp failed for volume "v" : configmap "nope" not found');
  const [event] = await node.events("p");
  expect([event?.type, event?.reason]).toEqual(["Warning", "FailedMount"]);
});
