import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Event, Pod, PodSpec } from "kubernetes-types/core/v1";
import { systemClock } from "../../time/clock.ts";
import { createApiServer } from "../apiserver/api-server.ts";
import type { Client } from "../client.ts";
import { startNetwork } from "../network/start-network.ts";
import type { LogOptions } from "../node-agent.ts";
import { configMaps, events, pods, serviceAccounts } from "../resources.ts";
import { sweepProcesses } from "../state/process-records.ts";
import { startKubelet, type KubeletOptions, type StartedKubelet } from "./kubelet.ts";
import type { FullPodStatus } from "./pod-model.ts";

const images = fileURLToPath(new URL("../images", import.meta.url));

/** A kubelet with a real API server and a real pod network. */
export interface TestNode extends AsyncDisposable {
  readonly client: Client;
  readonly kubelet: StartedKubelet;
  readonly stateDir: string;
  /** Every state of every pod, as a watch shows them. */
  readonly states: readonly Pod[];
  create(name: string, spec: Partial<PodSpec>, metadata?: Pod["metadata"]): Promise<Pod>;
  /** Waits until the pod is as asked. */
  until(
    name: string,
    check: (status: FullPodStatus, pod: Pod) => boolean,
    timeoutMs?: number,
  ): Promise<Pod>;
  gone(name: string): Promise<void>;
  exec(
    name: string,
    command: readonly string[],
    stdin?: string,
  ): Promise<{ code: number; out: string; err: string }>;
  logs(name: string, options?: LogOptions): Promise<string>;
  /** Reasons and messages of the pod's events, in the order they were first written. */
  events(name: string): Promise<Event[]>;
}

/** Starts one, with timings of the test's choice. */
export async function startTestNode(options: Partial<KubeletOptions> = {}): Promise<TestNode> {
  const stateDir = mkdtempSync(join(tmpdir(), "kubelab-kubelet-"));
  const stopping = new AbortController();
  const { signal } = stopping;
  const api = createApiServer();
  const { client } = api;
  const listening = await api.listen({ stateDir });
  const metadata = { namespace: "default", name: "default" };
  await client.create(serviceAccounts, { metadata });
  const root = {
    metadata: { namespace: "default", name: "kube-root-ca.crt" },
    data: { "ca.crt": "CA" },
  };
  await client.create(configMaps, root);
  const network = await startNetwork({
    stateDir,
    kubeconfigPath: join(stateDir, "kubeconfig"),
    signal,
  });
  const kubelet = await startKubelet({
    client,
    network,
    stateDir,
    imageFolders: [images],
    clock: systemClock,
    signal,
    ...options,
  });
  const node = new RunningNode(client, kubelet, stateDir, async () => {
    await kubelet.stop();
    await network.stop();
    stopping.abort();
    await listening[Symbol.asyncDispose]();
    await sweepProcesses(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  });
  void node.watch(signal);
  return node;
}

class RunningNode implements TestNode {
  readonly client: Client;
  readonly kubelet: StartedKubelet;
  readonly stateDir: string;
  readonly states: Pod[] = [];
  readonly #end: () => Promise<void>;

  constructor(client: Client, kubelet: StartedKubelet, stateDir: string, end: () => Promise<void>) {
    this.client = client;
    this.kubelet = kubelet;
    this.stateDir = stateDir;
    this.#end = end;
  }

  async watch(signal: AbortSignal): Promise<void> {
    for await (const { object } of this.client.watch(pods, { signal })) this.states.push(object);
  }

  create(name: string, spec: Partial<PodSpec>, metadata: Pod["metadata"] = {}): Promise<Pod> {
    return this.client.create(pods, {
      metadata: { namespace: "default", ...metadata, name },
      spec: { nodeName: "kubelab", terminationGracePeriodSeconds: 1, containers: [], ...spec },
    });
  }

  async until(
    name: string,
    check: (status: FullPodStatus, pod: Pod) => boolean,
    timeoutMs = 15_000,
  ): Promise<Pod> {
    const endMs = systemClock.now() + timeoutMs;
    for (;;) {
      const pod = await this.client.get(pods, { namespace: "default", name });
      if (check(pod.status ?? {}, pod)) return pod;
      if (systemClock.now() > endMs)
        throw new Error(`pod ${name} is not as wanted; last: ${JSON.stringify(pod.status)}`);
      await systemClock.sleep(20);
    }
  }

  async gone(name: string): Promise<void> {
    const endMs = systemClock.now() + 15_000;
    const isThere = async (): Promise<boolean> =>
      (await this.client.list(pods)).items.some(({ metadata }) => metadata?.name === name);
    while (await isThere()) {
      if (systemClock.now() > endMs) throw new Error(`pod ${name} is still there`);
      await systemClock.sleep(20);
    }
  }

  async exec(
    name: string,
    command: readonly string[],
    stdin?: string,
  ): Promise<{ code: number; out: string; err: string }> {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const input = stdin === undefined ? undefined : new PassThrough();
    input?.end(stdin);
    const said = Promise.all([text(stdout), text(stderr)]);
    const { signal } = new AbortController();
    const pod = { namespace: "default", name };
    const code = await this.kubelet.agent.exec(pod, {
      command,
      stdin: input,
      stdout,
      stderr,
      tty: false,
      signal,
    });
    stdout.end();
    stderr.end();
    const [out, err] = await said;
    return { code, out, err };
  }

  async logs(name: string, options: LogOptions = {}): Promise<string> {
    return text(await this.kubelet.agent.logs({ namespace: "default", name }, options));
  }

  async events(name: string): Promise<Event[]> {
    const { items } = await this.client.list(events, { namespace: "default" });
    return items.filter(({ involvedObject }) => involvedObject.name === name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}

/** A container of the busybox image that runs a shell script. */
export function shell(
  script: string,
  more: Partial<PodSpec["containers"][number]> = {},
): PodSpec["containers"][number] {
  return { name: "c", image: "bb:1", command: ["sh", "-c", script], ...more };
}
