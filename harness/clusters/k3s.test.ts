import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AppsV1Api, CoreV1Api, VersionApi } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StartedCluster } from "./cluster.ts";
import { containersOf, engineOrReason, remains } from "./docker/engine.fixture.ts";
import type { Engine } from "./docker/engine.ts";
import { buildK3sStandIn } from "./docker/k3s-stand-in/build.ts";
import { keptContainers, removeKept } from "./docker/leftovers.ts";
import { k3sCluster } from "./k3s.ts";

const { signal } = new AbortController();
const found = await engineOrReason();

describe.skipIf(!found.engine)(
  `k3s in a container (${found.reason ?? "an engine answers"})`,
  () => {
    let engine: Engine;
    let image: string;
    let cluster: StartedCluster;
    let containers: Awaited<ReturnType<typeof containersOf>>;
    const phases: string[] = [];

    beforeAll(async () => {
      if (!found.engine) return;
      engine = found.engine;
      image = await buildK3sStandIn();
      cluster = await k3sCluster({ image }).start({
        signal,
        onPhase: (phase) => phases.push(phase),
      });
      containers = await containersOf(engine, process.pid);
    }, 180_000);

    afterAll(async () => {
      await cluster?.stop();
    });

    test("says its phases and what it is", () => {
      expect(phases).toEqual([`k3s (${image})`, "images", "cluster DNS"]);
      expect(cluster.description).toContain(
        `k3s in a container (Kubernetes ${cluster.serverVersion}`,
      );
      expect(cluster.can("docker")).toBe(true);
      expect(cluster.can("load-balancer")).toBe(false);
    });

    test("has cluster DNS ready before the first lab", async () => {
      const coredns = await cluster.kubeConfig
        .makeApiClient(AppsV1Api)
        .readNamespacedDeployment({ namespace: "kube-system", name: "coredns" });
      expect(coredns.status?.readyReplicas).toBe(1);
    });

    test("keeps its kubeconfig where only its owner can read it", () => {
      expect(statSync(cluster.kubeConfigPath).mode & 0o777).toBe(0o600);
      expect(statSync(dirname(cluster.kubeConfigPath)).mode & 0o777).toBe(0o700);
      expect(readFileSync(cluster.kubeConfigPath, "utf8")).toContain("https://");
    });

    test("runs the image that was built here and side-loaded", async () => {
      const core = cluster.kubeConfig.makeApiClient(CoreV1Api);
      const reference = cluster.image("kubelab/apps:v2");
      expect(reference).toMatch(/^kubelab\/apps:v2-[0-9a-f]{12}$/);
      const spec = {
        containers: [
          {
            name: "env",
            image: reference,
            imagePullPolicy: "Never",
            command: ["node", "-e", "console.log(process.env.VERSION, process.cwd())"],
          },
        ],
        restartPolicy: "Never",
      };
      const key = { namespace: "default", name: "side-loaded" };
      await core.createNamespacedPod({ namespace: "default", body: { metadata: key, spec } });
      await expect
        .poll(async () => (await core.readNamespacedPod(key)).status?.phase, { timeout: 20_000 })
        .toBe("Succeeded");
      expect(await core.readNamespacedPodLog(key)).toBe("v2 /apps\n");
    });

    test("keeps the server's log for a report", () => {
      expect(cluster.recentLog?.().join("\n")).toContain("Node controller sync successful");
    });

    test("says why a Service has no way in from outside", async () => {
      const service = { namespace: "default", name: "kubernetes", port: 443 };
      await expect(cluster.outside(service)).rejects.toThrow(
        "Service default/kubernetes (ClusterIP) has no way in from outside for port 443",
      );
    });

    test("stopped, twice even, leaves no container, no volume and no file", async () => {
      expect(containers).toHaveLength(1);
      expect(containers[0]?.volumes.length).toBeGreaterThan(0);
      await cluster.stop();
      await cluster.stop();
      expect(await remains(engine, containers)).toEqual([]);
      expect(existsSync(dirname(cluster.kubeConfigPath))).toBe(false);
    });
  },
);

describe.skipIf(!found.engine)(`k3s that is kept (${found.reason ?? "an engine answers"})`, () => {
  test("is used again by the next run that keeps, has its mirrors, and is gone when it is removed", async () => {
    const { engine } = found;
    if (!engine) return;
    const image = await buildK3sStandIn();
    await removeKept(engine);
    const folder = mkdtempSync(join(tmpdir(), "kubelab-registries-"));
    const registries = join(folder, "registries.yaml");
    writeFileSync(registries, 'mirrors: { docker.io: { endpoint: ["http://cache:5000"] } }\n');
    try {
      const first = await k3sCluster({ image, keep: true, registries }).start({ signal });
      await first.stop();
      const [id, ...more] = await keptContainers(engine);
      expect(more).toEqual([]);
      const second = await k3sCluster({ image, keep: true, registries }).start({ signal });
      expect(await keptContainers(engine)).toEqual([id]);
      expect(second.kubeConfigPath).toBe(first.kubeConfigPath);
      const version = await second.kubeConfig.makeApiClient(VersionApi).getCode();
      expect(version.gitVersion).toBe(second.serverVersion);
      await second.stop();
      const told = await engine.docker([
        "exec",
        id ?? "",
        "cat",
        "/etc/rancher/k3s/registries.yaml",
      ]);
      expect(told.stdout).toContain("http://cache:5000");
    } finally {
      rmSync(folder, { recursive: true, force: true });
      expect(await removeKept(engine)).toBe(1);
    }
    expect(await keptContainers(engine)).toEqual([]);
  }, 180_000);
});
