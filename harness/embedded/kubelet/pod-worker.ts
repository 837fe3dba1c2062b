import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "kubernetes-types/core/v1";
import type { PodSandbox } from "../pod-network.ts";
import { pods } from "../resources.ts";
import { isStatus } from "../status-error.ts";
import type { ContainerInstance } from "./container-instance.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { advanceContainers, isDone, stopContainers } from "./pod-containers.ts";
import { podName } from "./pod-model.ts";
import { isFinal } from "./pod-phase.ts";
import { reportStatus } from "./pod-report.ts";
import { toSandbox, writeHostFiles, type AddressPool } from "./pod-sandbox.ts";
import { PodState } from "./pod-state.ts";
import { MountFailure } from "./pod-volumes.ts";
import { wishesOf } from "./pod-wishes.ts";
import { Prober } from "./prober.ts";
import { refusalOf, refusedPodField } from "./refusals.ts";
import { retryMs, withJitter } from "./retry.ts";

export interface PodWorkerOptions {
  readonly pod: Pod;
  readonly context: KubeletContext;
  readonly addresses: AddressPool;
  /** Told once nothing of the pod is left on the node. */
  readonly onGone: () => void;
}

const firstMountRetryMs = 500;
const longestMountRetryMs = 122_000;

/** One pod on this node: brings its processes to what the API says, and the API's status to what they are. */
export class PodWorker {
  readonly #state: PodState;
  readonly #context: KubeletContext;
  readonly #addresses: AddressPool;
  readonly #onGone: () => void;
  #ended = false;
  #gone = false;
  #mountRetryMs = firstMountRetryMs;
  #dirty = false;
  #looping: Promise<void> | undefined;
  #cancelTimer = (): void => {};

  constructor({ pod, context, addresses, onGone }: PodWorkerOptions) {
    this.#state = new PodState(pod, context);
    this.#context = context;
    this.#addresses = addresses;
    this.#onGone = onGone;
    this.wake();
  }

  get pod(): Pod {
    return this.#state.pod;
  }

  get address(): string | undefined {
    const { sandbox } = this.#state;
    return sandbox?.ready ? sandbox.network.ip : undefined;
  }

  /** The runs of a container, newest first. */
  runsOf(container: string): readonly ContainerInstance[] {
    return this.#state.runs.of(container);
  }

  running(): ContainerInstance[] {
    return this.#state.runs.running();
  }

  /** The pod's object has changed. */
  update(pod: Pod): void {
    const before = this.#state.pod;
    this.#state.pod = pod;
    // Its status is the kubelet's own writing, but for what others put among the conditions.
    if (wishesOf(pod) !== wishesOf(before)) this.wake();
  }

  /** The pod's object is gone: its processes follow. */
  remove(): void {
    this.#state.removed = true;
    this.wake();
  }

  /** Something happened to the pod: look at it. */
  wake(): void {
    if (this.#gone) return;
    if (this.#state.mustEnd) this.#state.abort("the pod is to end");
    this.#dirty = true;
    this.#looping ??= this.#loop();
  }

  /** Shows exits that no sync has seen yet. */
  relist(): void {
    if (this.#state.runs.notice()) this.wake();
  }

  /** Kills what runs, at once and without a word to the API server: the node itself goes. */
  async kill(): Promise<void> {
    const { runs, prober } = this.#state;
    this.#gone = true;
    this.#cancelTimer();
    prober?.stop();
    this.#state.abort("the node stops");
    const running = runs.all().filter((run) => run.isRunning);
    for (const run of running) run.process?.kill();
    await Promise.all(running.map((run) => run.exited));
    await this.#looping?.catch(() => {});
    for (const run of runs.all()) {
      if (run.isRunning) run.process?.kill();
      await run.exited;
    }
  }

  async #loop(): Promise<void> {
    // The caller has not stored this promise yet.
    await Promise.resolve();
    while (this.#dirty && !this.#gone) {
      this.#dirty = false;
      this.#cancelTimer();
      const nextMs = await this.#step();
      if (nextMs !== undefined && !this.#gone)
        this.#cancelTimer = this.#context.clock.after(nextMs, () => this.wake());
    }
    // In the same turn as the last look at #dirty: whoever wakes the pod from here on starts a new loop.
    this.#looping = undefined;
  }

  /** Resolves with the time until the pod is to be looked at again even if nothing happens. */
  async #step(): Promise<number | undefined> {
    try {
      if (this.#state.mustEnd) return await this.#end();
      return await this.#sync();
    } catch (error) {
      if (this.#state.mustEnd) {
        this.#dirty = true;
        return undefined;
      }
      this.#context.log(`pod ${podName(this.pod)}`, error);
      return withJitter(retryMs);
    }
  }

  async #sync(): Promise<number | undefined> {
    const state = this.#state;
    const endedRuns = state.runs.lastEndedOfEach();
    state.statusIP = state.sandbox?.network.ip;
    if (isFinal(await reportStatus(state))) return this.#finish();
    const leftMs = this.#timeLeftMs();
    if (leftMs !== undefined && leftMs <= 0) return this.#passDeadline();
    if (isDone(state, endedRuns)) return this.#stopSidecars();
    const refused = refusedPodField(this.pod);
    if (refused) {
      const message = `Failed to create pod sandbox: ${refusalOf(refused)}`;
      state.tell("Warning", "FailedCreatePodSandBox", message);
      return withJitter(retryMs);
    }
    const retryVolumesMs = await this.#setUpVolumes();
    if (retryVolumesMs !== undefined) return retryVolumesMs;
    await this.#makeSandbox();
    state.ending.throwIfAborted();
    const next = await advanceContainers(state, endedRuns);
    if (next === "started") {
      this.#dirty = true;
      return undefined;
    }
    return Math.min(next, Math.max(0, this.#timeLeftMs() ?? next));
  }

  /** Resolves with the time after which to try again where it failed. */
  async #setUpVolumes(): Promise<number | undefined> {
    try {
      await this.#state.volumes.setUp(this.#state.facts);
      this.#mountRetryMs = firstMountRetryMs;
      return undefined;
    } catch (error) {
      if (!(error instanceof MountFailure)) throw error;
      this.#state.tell("Warning", "FailedMount", error.message);
      const waitMs = this.#mountRetryMs;
      this.#mountRetryMs = Math.min(waitMs * 2, longestMountRetryMs);
      return waitMs;
    }
  }

  /** Of the pod's activeDeadlineSeconds. */
  #timeLeftMs(): number | undefined {
    const seconds = this.pod.spec?.activeDeadlineSeconds;
    if (seconds === undefined) return undefined;
    return this.#state.startTimeMs + seconds * 1000 - this.#context.clock.now();
  }

  #passDeadline(): Promise<undefined> {
    const reason = "DeadlineExceeded";
    const message = "Pod was active on the node longer than the specified deadline";
    this.#state.verdict = { reason, message };
    this.#state.tell("Normal", reason, message);
    return this.#finish();
  }

  #finish(): Promise<undefined> {
    this.#state.finished = true;
    return this.#end();
  }

  /** The next look at the pod finds that all of it has ended. */
  async #stopSidecars(): Promise<undefined> {
    await stopContainers(this.#state);
    await this.#dropSandbox();
    this.#dirty = true;
  }

  async #makeSandbox(): Promise<void> {
    const state = this.#state;
    if (state.sandbox) return;
    const ip = this.#addresses.take();
    let network: PodSandbox;
    try {
      network = toSandbox(this.pod, ip);
      await this.#context.network.addPod(network);
    } catch (error) {
      this.#addresses.release(ip);
      const text = error instanceof Error ? error.message : String(error);
      state.tell("Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${text}`);
      throw error;
    }
    const hostFiles = writeHostFiles(this.pod, network, join(state.folder, "etc"));
    state.sandbox = { network, hostFiles, madeAtMs: this.#context.clock.now(), ready: true };
    state.prober = new Prober({
      pod: this.pod,
      ip: network.ip,
      context: this.#context,
      instanceOf: (name) => state.runs.newest(name),
      onChange: () => this.#onProbeResult(),
    });
    await reportStatus(state);
  }

  /**
   * A sync may be busy stopping a container: what the probes say is shown all the same. Kubernetes: only a sync asks for
   * one more probe of what is not ready.
   */
  #onProbeResult(): void {
    if (this.#gone || this.#ended) return;
    reportStatus(this.#state, { mayProbe: false }).catch((error: unknown) =>
      this.#context.log(`status of ${podName(this.pod)}`, error),
    );
    this.wake();
  }

  async #end(): Promise<undefined> {
    const state = this.#state;
    if (!this.#ended) {
      await reportStatus(state);
      state.prober?.stopLivenessAndStartup();
      await stopContainers(state);
      this.#ended = true;
      state.prober?.stop();
      await this.#dropSandbox();
      for (const run of state.runs.all()) await run.removeFiles();
      await rm(join(state.folder, "volumes"), { recursive: true, force: true });
      await reportStatus(state, { terminal: true });
    }
    if (this.pod.metadata?.deletionTimestamp && !state.removed) await this.#deleteObject();
    if (state.removed) await this.#forget();
    return undefined;
  }

  async #dropSandbox(): Promise<void> {
    const { sandbox } = this.#state;
    if (!sandbox?.ready) return;
    this.#state.sandbox = { ...sandbox, ready: false };
    const { ip } = sandbox.network;
    await this.#context.network.removePod(ip);
    this.#addresses.release(ip);
  }

  async #deleteObject(): Promise<void> {
    const { namespace, name = "", uid } = this.pod.metadata ?? {};
    const preconditions = uid ? { preconditions: { uid } } : {};
    try {
      const options = { gracePeriodSeconds: 0, ...preconditions };
      await this.#context.client.delete(pods, { namespace, name }, options);
    } catch (error) {
      if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
      this.#state.removed = true;
    }
  }

  async #forget(): Promise<void> {
    this.#gone = true;
    this.#cancelTimer();
    for (const run of this.#state.runs.all()) run.log.close();
    const { uid } = this.pod.metadata ?? {};
    this.#context.restartBackOff.forget(`${uid}_`);
    this.#context.pullBackOff.forget(`${uid}_`);
    await rm(this.#state.folder, { recursive: true, force: true });
    this.#onGone();
  }
}
