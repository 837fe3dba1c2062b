import { channel } from "node:diagnostics_channel";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../time/clock.ts";
import type { Client, ObjectKey } from "../client.ts";
import { EventRecorder } from "../events.ts";
import { createInformer } from "../informer.ts";
import type { NodeAgent } from "../node-agent.ts";
import type { PodNetwork } from "../pod-network.ts";
import { pods, services } from "../resources.ts";
import { BackOff } from "./back-off.ts";
import { ImageStore } from "./images/image-store.ts";
import { Slots, type KubeletContext } from "./kubelet-context.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { registerNode, renewLease } from "./node-registration.ts";
import { PodAgent } from "./pod-agent.ts";
import type { Pod } from "./pod-model.ts";
import { isFinal } from "./pod-phase.ts";
import { AddressPool } from "./pod-sandbox.ts";
import { PodWorker } from "./pod-worker.ts";
import { createVolumeSources } from "./volume-sources.ts";

export interface KubeletOptions {
  readonly client: Client;
  readonly network: PodNetwork;
  /** Where pods keep their files and processes are recorded. */
  readonly stateDir: string;
  /** Folders that are images, or hold folders that are. */
  readonly imageFolders: readonly string[];
  readonly clock: Clock;
  /** Ends the kubelet. */
  readonly signal: AbortSignal;
  /** @default "kubelab" */
  readonly nodeName?: string | undefined;
  /** The node's InternalIP. @default "127.0.0.1", where its NodePorts answer */
  readonly hostIP?: string | undefined;
  /** @default "v1.36.1" */
  readonly kubeletVersion?: string | undefined;
  /** What the node says runs its containers. @default "kubelab://processes" */
  readonly containerRuntime?: string | undefined;
  /** @default 250 */
  readonly maxPods?: number | undefined;
  /** Between two looks at the processes. @default 1000, as the kubelet's */
  readonly relistMs?: number | undefined;
  /** Between two syncs of an undisturbed pod, which bring volumes up to date. @default 60000, as the kubelet's */
  readonly resyncMs?: number | undefined;
}

/** A kubelet at work. */
export interface StartedKubelet extends AsyncDisposable {
  readonly agent: NodeAgent;
  /** Kills every process of every pod. Idempotent. */
  stop(): Promise<void>;
}

const leasePeriodMs = 10_000;
const failures = channel("kubelab:kubelet:failure");

/** Registers the node and runs the pods that are bound to it, as processes of this machine. */
export async function startKubelet(options: KubeletOptions): Promise<StartedKubelet> {
  const kubelet = new Kubelet(options);
  try {
    await kubelet.start();
  } catch (error) {
    await kubelet.stop();
    throw error;
  }
  return kubelet;
}

class Kubelet implements StartedKubelet {
  readonly agent: NodeAgent;
  readonly #options: KubeletOptions;
  readonly #context: KubeletContext;
  readonly #workers = new Map<string, PodWorker>();
  readonly #addresses = new AddressPool();
  readonly #stopping = new AbortController();
  readonly #memory: MemoryWatch;
  readonly #sources: ReturnType<typeof createVolumeSources>;
  #stopped: Promise<void> | undefined;

  constructor(options: KubeletOptions) {
    const { client, network, clock, stateDir, nodeName = "kubelab" } = options;
    this.#options = options;
    this.#sources = createVolumeSources(client, clock);
    const signal = this.#stopping.signal;
    const serviceCache = createInformer(client, services, { signal, clock });
    this.#context = {
      client,
      network,
      clock,
      stateDir,
      nodeName,
      hostIP: options.hostIP ?? "127.0.0.1",
      images: new ImageStore(options.imageFolders),
      events: new EventRecorder({ client, clock, component: "kubelet", host: nodeName }),
      sources: this.#sources,
      services: () => serviceCache.list(),
      restartBackOff: new BackOff(clock),
      pullBackOff: new BackOff(clock),
      startSlots: new Slots(),
      relistMs: options.relistMs ?? 1000,
      resyncMs: options.resyncMs ?? 60_000,
      log: (message, error) => failures.publish({ message, error }),
    };
    this.agent = new PodAgent((key) => this.#find(key), this.#context);
    this.#memory = new MemoryWatch(clock, () =>
      [...this.#workers.values()].flatMap((worker) => worker.running()),
    );
  }

  async start(): Promise<void> {
    const { client, clock, signal, kubeletVersion = "v1.36.1", maxPods = 250 } = this.#options;
    const { containerRuntime = "kubelab://processes" } = this.#options;
    signal.throwIfAborted();
    signal.addEventListener("abort", () => void this.stop(), { once: true });
    // What pods keep is their own and this user's: volumes hold Secrets with the modes that manifests give.
    for (const folder of ["", "pods", "images"])
      mkdirSync(join(this.#options.stateDir, folder), { recursive: true, mode: 0o700 });
    const { nodeName, hostIP, images } = this.#context;
    const node = {
      client,
      clock,
      nodeName,
      hostIP,
      images,
      kubeletVersion,
      maxPods,
      containerRuntime,
    };
    await registerNode(node);
    const informer = createInformer(client, pods, {
      fieldSelector: `spec.nodeName=${nodeName}`,
      signal: this.#stopping.signal,
      clock,
    });
    informer.on({
      added: (pod) => this.#onPod(pod),
      updated: (pod) => this.#onPod(pod),
      deleted: (pod) => this.#onRemoved(pod),
    });
    await informer.synced;
    this.#every(leasePeriodMs, () => renewLease(node));
    this.#every(this.#context.relistMs, () => {
      for (const worker of this.#workers.values()) worker.relist();
    });
    await renewLease(node).catch((error: unknown) => this.#context.log("lease", error));
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(new Error("the kubelet stops"));
    this.#memory.stop();
    await Promise.all([...this.#workers.values()].map((worker) => worker.kill()));
    this.#workers.clear();
    await this.#context.events.stop();
  }

  #every(periodMs: number, work: () => Promise<void> | void): void {
    const { clock, log } = this.#context;
    const again = (): void => {
      if (this.#stopping.signal.aborted) return;
      void (async () => work())().catch((error: unknown) => log("periodic work", error));
      clock.after(periodMs, again);
    };
    clock.after(periodMs, again);
  }

  #find({ namespace, name }: ObjectKey): PodWorker | undefined {
    return [...this.#workers.values()].find(
      ({ pod }) => pod.metadata?.namespace === namespace && pod.metadata?.name === name,
    );
  }

  #onPod(pod: Pod): void {
    const { uid = "" } = pod.metadata ?? {};
    const known = this.#workers.get(uid);
    if (known) return known.update(pod);
    if (this.#stopping.signal.aborted) return;
    if (isFinal(pod.status?.phase) && !pod.metadata?.deletionTimestamp) return;
    const worker = new PodWorker({
      pod,
      context: this.#context,
      addresses: this.#addresses,
      onGone: () => {
        this.#workers.delete(uid);
        this.#sources.forgetTokens(uid);
      },
    });
    this.#workers.set(uid, worker);
  }

  #onRemoved(pod: Pod): void {
    this.#workers.get(pod.metadata?.uid ?? "")?.remove();
  }
}
