import { readdirSync } from "node:fs";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKubeApi } from "../kube/connection.ts";
import { watchObjects } from "../kube/watch.ts";
import { systemClock } from "../time/clock.ts";
import type { StartedCluster } from "./cluster.ts";
import { keepOneDispatcher } from "./dispatcher.ts";
import { embeddedCluster } from "./embedded.ts";

const { signal } = new AbortController();
let cluster: StartedCluster;

beforeAll(async () => {
  cluster = await embeddedCluster().start({ signal });
});

afterAll(() => cluster?.stop());

const openFiles = (): number => readdirSync("/proc/self/fd").length;
const calls = 10_000;
const sideBySide = 50;

test.skipIf(process.platform !== "linux")(
  `file descriptors stay flat over ${calls} calls of client-node`,
  async () => {
    const core = cluster.kubeConfig.makeApiClient(CoreV1Api);
    const batch = (): Promise<unknown> =>
      Promise.all(
        Array.from({ length: sideBySide }, () => core.readNamespace({ name: "default" })),
      );
    await batch();
    const before = openFiles();
    for (let done = 0; done < calls; done += sideBySide) await batch();
    expect(openFiles() - before).toBeLessThanOrEqual(sideBySide);
  },
  120_000,
);

test.skipIf(process.platform !== "linux")(
  "its connections end when the pool is closed",
  async () => {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromFile(cluster.kubeConfigPath);
    const before = openFiles();
    const pool = keepOneDispatcher(kubeConfig);
    const core = kubeConfig.makeApiClient(CoreV1Api);
    for (let call = 0; call < 20; call++) await core.listNamespace();
    expect(openFiles() - before).toBeGreaterThan(0);
    expect(openFiles() - before).toBeLessThanOrEqual(3);
    await pool.close();
    await expect.poll(() => openFiles() - before).toBe(0);
  },
);

test("a watch that hears nothing for longer than client-node's 30 s still hears what comes then", async () => {
  const stop = new AbortController();
  const events = watchObjects<{ kind?: string; metadata?: { name?: string } }>(
    createKubeApi(cluster.kubeConfig),
    { path: "/api/v1/namespaces/default/configmaps", signal: stop.signal },
  );
  const seen: (string | undefined)[] = [];
  const reading = (async () => {
    for await (const event of events) {
      seen.push(event.object.metadata?.name);
      if (event.object.metadata?.name === "late") break;
    }
  })();
  await systemClock.sleep(33_000);
  const body = { metadata: { name: "late" } };
  await cluster.kubeConfig
    .makeApiClient(CoreV1Api)
    .createNamespacedConfigMap({ namespace: "default", body });
  await reading;
  stop.abort();
  expect(seen.at(-1)).toBe("late");
}, 60_000);
