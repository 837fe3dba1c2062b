import { Writable } from "node:stream";
import { Exec, KubeConfig } from "@kubernetes/client-node";
import type { Container, Pod, PodTemplateSpec } from "kubernetes-types/core/v1";
import { systemClock } from "../../time/clock.ts";
import { createHttpClient, readKubeConfig, type HttpClient } from "../http-client.ts";
import { runningClusters, spawnEmbeddedCluster, uniqueClusterName } from "../index.ts";
import { pods, serviceAccounts } from "../resources.ts";

/** A cluster process, and a client of it. */
export interface TestCluster extends AsyncDisposable {
  readonly client: HttpClient;
  readonly kubeConfigPath: string;
  readonly stateDir: string;
  /** The cluster process. */
  readonly pid: number;
  /** Runs a command in a pod's first container; rejects where it fails, with what it wrote. */
  exec(pod: string, ...command: string[]): Promise<string>;
  /** The ready pods with these labels, the oldest first, once there are this many. */
  readyPods(labels: Record<string, string>, count: number): Promise<Pod[]>;
}

/** Starts one whose namespace `default` takes pods. */
export async function startTestCluster(): Promise<TestCluster> {
  const { signal } = new AbortController();
  const cluster = await spawnEmbeddedCluster({ name: uniqueClusterName("test"), signal });
  const { kubeConfigPath, path } = cluster.folder;
  const client = createHttpClient(readKubeConfig(kubeConfigPath));
  await eventually(() => client.get(serviceAccounts, { namespace: "default", name: "default" }));
  const readyPods = async (labels: Record<string, string>, count: number): Promise<Pod[]> => {
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join();
    return eventually(async () => {
      const { items } = await client.list(pods, { namespace: "default", labelSelector });
      const ready = items.filter(isReady);
      if (ready.length !== count || items.length !== count)
        throw new Error(`${ready.length} of ${items.length} pods ready, wanted ${count}`);
      return ready;
    });
  };
  return {
    client,
    kubeConfigPath,
    stateDir: path,
    pid: runningClusters().find((running) => running.path === path)?.owner.pid ?? 0,
    exec: (pod, ...command) => exec(kubeConfigPath, pod, command),
    readyPods,
    [Symbol.asyncDispose]: async () => {
      client.close();
      await cluster.stop();
    },
  };
}

export function isReady({ metadata, status }: Pod): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && !metadata?.deletionTimestamp;
}

/** Tries again every 50 ms, for 30 s. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const untilMs = systemClock.now() + 30_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (systemClock.now() > untilMs) throw error;
      await systemClock.sleep(50);
    }
  }
}

/** A container that answers HTTP on 8080 with its pod's name. */
export function web(more: Partial<Container> = {}): Container {
  return {
    name: "web",
    image: "bb:1",
    command: [
      "sh",
      "-c",
      "mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www",
    ],
    ports: [{ name: "http", containerPort: 8080 }],
    readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
    ...more,
  };
}

/** A container that a test runs commands in. */
export function idle(more: Partial<Container> = {}): Container {
  return {
    name: "idle",
    image: "bb:1",
    command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.2; done"],
    ...more,
  };
}

/** The template of a workload's pods. */
export function template(app: string, ...containers: Container[]): PodTemplateSpec {
  return {
    metadata: { labels: { app } },
    spec: { terminationGracePeriodSeconds: 1, containers },
  };
}

function exec(kubeConfigPath: string, pod: string, command: string[]): Promise<string> {
  const config = new KubeConfig();
  config.loadFromFile(kubeConfigPath);
  let said = "";
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      said += chunk.toString();
      done();
    },
  });
  return new Promise((resolve, reject) => {
    new Exec(config)
      .exec("default", pod, "", command, sink, sink, null, false, (status) => {
        if (status.status === "Success") resolve(said);
        else reject(new Error(`${command.join(" ")} in ${pod}: ${status.message}\n${said}`));
      })
      .catch(reject);
  });
}
