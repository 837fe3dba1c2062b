import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Pod } from "kubernetes-types/core/v1";
import { referenceTo } from "../events.ts";
import type { PodSandbox } from "../pod-network.ts";
import { pods } from "../resources.ts";
import { isStatus } from "../status-error.ts";
import { fromTime } from "../timestamps.ts";
import type { ContainerInstance } from "./container-instance.ts";
import { CrashLoopBackOff, startContainer, xMustNotBackOff } from "./container-starter.ts";
import { stopContainer } from "./container-stopper.ts";
import type { PodFacts } from "./field-refs.ts";
import type { Mount } from "./file-view.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import {
  isSidecar,
  podName,
  shallRestart,
  type ContainerRun,
  type FullPodStatus,
  type StartFailure,
} from "./pod-model.ts";
import { toSandbox, writeHostFiles, type AddressPool } from "./pod-sandbox.ts";
import { statusOf } from "./pod-status.ts";
import { MountFailure, PodVolumes } from "./pod-volumes.ts";
import { Prober } from "./prober.ts";
import { refusalOf, refusedPodField } from "./refusals.ts";
import { StartError } from "./start-error.ts";
import { StatusWriter } from "./status-writer.ts";

export interface PodWorkerOptions {
  readonly pod: Pod;
  readonly context: KubeletContext;
  readonly addresses: AddressPool;
  /** Told once nothing of the pod is left on the node. */
  readonly onGone: () => void;
}

interface Sandbox {
  readonly network: PodSandbox;
  readonly hostFiles: readonly Mount[];
  readonly madeAtMs: number;
}

/** Kubernetes: what failed is tried again after ten seconds and up to half as much again. */
const retryMs = 10_000;
const jitter = 0.5;
const firstMountRetryMs = 500;
const longestMountRetryMs = 122_000;

/** One pod on this node: brings its processes to what the API says, and the API's status to what they are. */
export class PodWorker {
  readonly #context: KubeletContext;
  readonly #addresses: AddressPool;
  readonly #onGone: () => void;
  readonly #folder: string;
  readonly #volumes: PodVolumes;
  readonly #status: StatusWriter;
  readonly #runs = new Map<string, ContainerInstance[]>();
  readonly #failures = new Map<string, StartFailure>();
  readonly #startTimeMs: number;
  readonly #ending = new AbortController();
  #pod: Pod;
  #sandbox: Sandbox | undefined;
  #sandboxReady = false;
  #statusIP: string | undefined;
  #prober: Prober | undefined;
  #verdict: { readonly reason: string; readonly message: string } | undefined;
  #finished = false;
  #ended = false;
  #removed = false;
  #gone = false;
  #mountRetryMs = firstMountRetryMs;
  #dirty = false;
  #looping: Promise<void> | undefined;
  #cancelTimer = (): void => {};

  constructor({ pod, context, addresses, onGone }: PodWorkerOptions) {
    this.#pod = pod;
    this.#context = context;
    this.#addresses = addresses;
    this.#onGone = onGone;
    this.#folder = join(context.stateDir, "pods", pod.metadata?.uid ?? "");
    this.#volumes = new PodVolumes(join(this.#folder, "volumes"), context.sources, context.clock);
    this.#status = new StatusWriter(context.client, pod);
    this.#startTimeMs = fromTime(pod.status?.startTime) ?? context.clock.now();
    this.wake();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get address(): string | undefined {
    return this.#sandboxReady ? this.#sandbox?.network.ip : undefined;
  }

  /** The runs of a container, newest first. */
  runsOf(container: string): readonly ContainerInstance[] {
    return this.#runs.get(container) ?? [];
  }

  running(): ContainerInstance[] {
    return [...this.#runs.values()].flatMap(([run]) => (run?.isRunning ? [run] : []));
  }

  /** The pod's object has changed. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    // Its status is the kubelet's own writing, but for what others put among the conditions.
    if (wishesOf(pod) !== wishesOf(before)) this.wake();
  }

  /** The pod's object is gone: its processes follow. */
  remove(): void {
    this.#removed = true;
    this.wake();
  }

  /** Something happened to the pod: look at it. */
  wake(): void {
    if (this.#gone) return;
    if (this.#mustEnd) this.#ending.abort(new Error("the pod is to end"));
    this.#dirty = true;
    this.#looping ??= this.#loop();
  }

  /** Shows exits that no sync has seen yet. */
  relist(): void {
    let changed = false;
    for (const [run] of this.#runs.values()) changed = (run?.notice() ?? false) || changed;
    if (changed) this.wake();
  }

  /** Kills what runs, at once and without a word to the API server: the node itself goes. */
  async kill(): Promise<void> {
    this.#gone = true;
    this.#cancelTimer();
    this.#prober?.stop();
    this.#ending.abort(new Error("the node stops"));
    const running = [...this.#runs.values()].flat().filter((run) => run.isRunning);
    for (const run of running) run.process?.kill();
    await Promise.all(running.map((run) => run.exited));
    await this.#looping?.catch(() => {});
    for (const run of [...this.#runs.values()].flat()) {
      if (run.isRunning) run.process?.kill();
      await run.exited;
    }
  }

  get #mustEnd(): boolean {
    return this.#removed || this.#finished || this.#pod.metadata?.deletionTimestamp !== undefined;
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
      if (this.#mustEnd) return await this.#end();
      return await this.#sync();
    } catch (error) {
      if (this.#mustEnd) {
        this.#dirty = true;
        return undefined;
      }
      this.#context.log(`pod ${podName(this.#pod)}`, error);
      return withJitter(retryMs);
    }
  }

  async #sync(): Promise<number | undefined> {
    const { clock, events } = this.#context;
    const endedRuns = new Map([...this.#runs.keys()].map((name) => [name, this.#lastEnded(name)]));
    this.#statusIP = this.#sandbox?.network.ip;
    await this.#report();
    const { phase } = this.#status.last;
    if (phase === "Succeeded" || phase === "Failed") return this.#finish();
    const deadlineMs = this.#activeDeadlineMs();
    if (deadlineMs !== undefined && deadlineMs <= clock.now()) return this.#passDeadline();
    const refused = refusedPodField(this.#pod);
    if (refused) {
      this.#warn("FailedCreatePodSandBox", `Failed to create pod sandbox: ${refusalOf(refused)}`);
      return withJitter(retryMs);
    }
    try {
      await this.#volumes.setUp(this.#facts());
      this.#mountRetryMs = firstMountRetryMs;
    } catch (error) {
      if (!(error instanceof MountFailure)) throw error;
      events.record(referenceTo(pods, this.#pod), "Warning", "FailedMount", error.message);
      const waitMs = this.#mountRetryMs;
      this.#mountRetryMs = Math.min(waitMs * 2, longestMountRetryMs);
      return waitMs;
    }
    await this.#makeSandbox();
    this.#ending.signal.throwIfAborted();
    const nextMs = await this.#startContainers(endedRuns);
    if (deadlineMs === undefined || nextMs === undefined) return nextMs;
    return Math.min(nextMs, Math.max(0, deadlineMs - clock.now()));
  }

  #lastEnded(name: string): ContainerRun | undefined {
    return this.#runs.get(name)?.find((run) => run.termination);
  }

  #facts(): PodFacts {
    const { nodeName, hostIP } = this.#context;
    return { pod: this.#pod, podIP: this.#sandbox?.network.ip ?? "", hostIP, nodeName };
  }

  #warn(reason: string, message: string): void {
    this.#context.events.record(referenceTo(pods, this.#pod), "Warning", reason, message);
  }

  /** Writes the status as it is now. */
  async #report(terminal = false, probing: "may probe" | "no probe" = "may probe"): Promise<void> {
    const { clock, hostIP, relistMs } = this.#context;
    const nowMs = clock.now();
    const foreign = this.#pod.status?.conditions ?? [];
    const known = this.#status.last.conditions ?? [];
    const own = new Set(known.map(({ type }) => type));
    const status: FullPodStatus = statusOf({
      pod: this.#pod,
      nowMs,
      startTimeMs: this.#startTimeMs,
      hostIP,
      podIP: this.#statusIP,
      sandboxReady: this.#sandboxReady,
      previous: {
        ...this.#status.last,
        conditions: [
          ...known.map(
            (it) => foreign.find(({ type }) => type === it.type && isForeign(type)) ?? it,
          ),
          ...foreign.filter(({ type }) => !own.has(type)),
        ],
        ...(this.#pod.status?.qosClass ? { qosClass: this.#pod.status.qosClass } : {}),
      },
      runsOf: (name) => this.runsOf(name),
      failureOf: (name) => this.#failures.get(name),
      isStarted: (container) => this.#prober?.isStarted(container) ?? false,
      isReady: (container) => this.#prober?.isReady(container, probing) ?? false,
      terminal,
      cgroupKnown:
        this.#runs.size > 0 && nowMs - (this.#sandbox?.madeAtMs ?? nowMs) >= relistMs * 0.9,
      verdict: this.#verdict,
    });
    await this.#status.write(status);
  }

  #activeDeadlineMs(): number | undefined {
    const seconds = this.#pod.spec?.activeDeadlineSeconds;
    return seconds === undefined ? undefined : this.#startTimeMs + seconds * 1000;
  }

  #passDeadline(): Promise<number | undefined> {
    const message = "Pod was active on the node longer than the specified deadline";
    this.#verdict = { reason: "DeadlineExceeded", message };
    this.#context.events.record(
      referenceTo(pods, this.#pod),
      "Normal",
      "DeadlineExceeded",
      message,
    );
    return this.#finish();
  }

  #finish(): Promise<number | undefined> {
    this.#finished = true;
    return this.#end();
  }

  async #makeSandbox(): Promise<void> {
    if (this.#sandbox) return;
    const { network, clock } = this.#context;
    const sandbox = toSandbox(this.#pod, this.#addresses.take());
    try {
      await network.addPod(sandbox);
    } catch (error) {
      this.#addresses.release(sandbox.ip);
      const text = error instanceof Error ? error.message : String(error);
      this.#warn("FailedCreatePodSandBox", `Failed to create pod sandbox: ${text}`);
      throw error;
    }
    const hostFiles = writeHostFiles(this.#pod, sandbox, join(this.#folder, "etc"));
    this.#sandbox = { network: sandbox, hostFiles, madeAtMs: clock.now() };
    this.#sandboxReady = true;
    this.#prober = new Prober({
      pod: this.#pod,
      ip: sandbox.ip,
      context: this.#context,
      instanceOf: (name) => this.#runs.get(name)?.[0],
      onChange: () => this.#onProbeResult(),
    });
    await this.#report();
  }

  /**
   * A sync may be busy stopping a container: what the probes say is shown all the same. Kubernetes: only a sync asks for
   * one more probe of what is not ready.
   */
  #onProbeResult(): void {
    if (this.#gone || this.#ended) return;
    this.#report(false, "no probe").catch((error: unknown) =>
      this.#context.log(`status of ${podName(this.#pod)}`, error),
    );
    this.wake();
  }

  async #startContainers(
    endedRuns: ReadonlyMap<string, ContainerRun | undefined>,
  ): Promise<number | undefined> {
    const outcomes: (number | "started")[] = [];
    const { initContainers = [], containers = [] } = this.#pod.spec ?? {};
    const mainsBegan = containers.some(({ name }) => this.#runs.has(name));
    let initialized = true;
    for (const container of initContainers) {
      if (!initialized) break;
      const done = mainsBegan && !isSidecar(container);
      if (!done)
        initialized = (await this.#advance(container, true, endedRuns, outcomes)) || mainsBegan;
    }
    if (initialized)
      for (const container of containers)
        await this.#advance(container, false, endedRuns, outcomes);
    if (outcomes.includes("started")) {
      this.#dirty = true;
      return undefined;
    }
    const waits = outcomes.filter((outcome) => outcome !== "started");
    return waits.length > 0 ? Math.min(...waits) : withJitter(this.#context.resyncMs);
  }

  /** Brings one container on. Answers, for an init container, whether the next one may begin. */
  async #advance(
    container: Container,
    isInit: boolean,
    endedRuns: ReadonlyMap<string, ContainerRun | undefined>,
    outcomes: (number | "started")[],
  ): Promise<boolean> {
    this.#ending.signal.throwIfAborted();
    const run = this.#runs.get(container.name)?.[0];
    // It ended after this sync had looked: the next one, which knows how it ended, decides.
    if (run?.termination && endedRuns.get(container.name) !== run) return false;
    if (run && !run.termination) {
      const failed = run.isRunning && this.#prober?.failedProbe(container, run.id);
      if (!failed)
        return isInit && isSidecar(container) && (this.#prober?.isStarted(container) ?? false);
      await this.#stopForProbe(run, failed, isInit);
      this.#ending.signal.throwIfAborted();
    }
    if (isInit && !isSidecar(container) && run?.termination?.exitCode === 0) return true;
    if (!shallRestart(this.#pod, container, this.#runs.get(container.name)?.[0], isInit))
      return false;
    try {
      xMustNotBackOff(this.#pod, container, isInit, endedRuns.get(container.name), this.#context);
      await this.#start(container, isInit);
      this.#failures.delete(container.name);
      outcomes.push("started");
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#failures.set(container.name, { reason: error.reason, message: error.message });
      outcomes.push(...this.#waitAfter(error, container, endedRuns));
    }
    return false;
  }

  #waitAfter(
    error: StartError,
    container: Container,
    endedRuns: ReadonlyMap<string, ContainerRun | undefined>,
  ): number[] {
    const { relistMs, resyncMs } = this.#context;
    const waits = [
      error instanceof CrashLoopBackOff
        ? Math.min(error.remainingMs, resyncMs)
        : withJitter(retryMs),
    ];
    // The next look at the processes finds that something has changed: a sandbox, or a run that was stopped.
    const changed = this.#lastEnded(container.name) !== endedRuns.get(container.name);
    const fresh = this.#context.clock.now() - (this.#sandbox?.madeAtMs ?? 0) < relistMs / 2;
    if (changed || fresh) waits.push(relistMs / 2);
    return waits;
  }

  async #start(container: Container, isInit: boolean): Promise<void> {
    if (!this.#sandbox) throw new Error("a container needs its pod's sandbox");
    const previous = this.#runs.get(container.name) ?? [];
    await startContainer(
      {
        facts: this.#facts(),
        sandbox: this.#sandbox.network,
        hostFiles: this.#sandbox.hostFiles,
        volumes: this.#volumes,
        podFolder: this.#folder,
        container,
        isInit,
        restartCount: previous[0] ? previous[0].restartCount + 1 : 0,
        signal: this.#ending.signal,
        onCreated: (instance) => this.#adopt(container, instance, previous),
      },
      this.#context,
    );
  }

  #adopt(
    container: Container,
    instance: ContainerInstance,
    previous: readonly ContainerInstance[],
  ): void {
    this.#runs.set(container.name, [instance, ...previous.slice(0, 1)]);
    // Kubernetes keeps the newest ended run and its log.
    for (const old of previous.slice(0, 1)) void old.removeFiles().catch(() => {});
    for (const old of previous.slice(1)) void old.removeLog().catch(() => {});
  }

  #stopForProbe(
    run: ContainerInstance,
    kind: "startup" | "liveness",
    isInit: boolean,
  ): Promise<void> {
    const probe = run.container[`${kind}Probe`];
    const seconds =
      probe?.terminationGracePeriodSeconds ?? this.#pod.spec?.terminationGracePeriodSeconds ?? 30;
    return stopContainer(
      run,
      {
        pod: this.#pod,
        isInit,
        ip: this.#sandbox?.network.ip ?? "",
        graceMs: () => (this.#mustEnd ? Math.min(seconds * 1000, this.#graceMs()) : seconds * 1000),
        message: `Container ${run.container.name} failed ${kind} probe, will be restarted`,
      },
      this.#context,
    );
  }

  #graceMs(): number {
    const { metadata, spec } = this.#pod;
    return (
      Math.max(
        1,
        metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30,
      ) * 1000
    );
  }

  async #end(): Promise<undefined> {
    if (!this.#ended) {
      await this.#report();
      this.#prober?.stopLivenessAndStartup();
      await this.#stopAll();
      this.#ended = true;
      this.#prober?.stop();
      await this.#dropSandbox();
      for (const run of [...this.#runs.values()].flat()) await run.removeFiles();
      await rm(join(this.#folder, "volumes"), { recursive: true, force: true });
      await this.#report(true);
    }
    if (this.#pod.metadata?.deletionTimestamp && !this.#removed) await this.#deleteObject();
    if (this.#removed) await this.#forget();
    return undefined;
  }

  async #stopAll(): Promise<void> {
    const { initContainers = [], containers = [] } = this.#pod.spec ?? {};
    const stop = (
      container: Container,
      isInit: boolean,
      turn?: Promise<unknown>,
    ): Promise<void> => {
      const run = this.#runs.get(container.name)?.[0];
      if (!run) return Promise.resolve();
      const message = `Stopping container ${container.name}`;
      const ip = this.#sandbox?.network.ip ?? "";
      return stopContainer(
        run,
        { pod: this.#pod, isInit, ip, graceMs: () => this.#graceMs(), message, turn },
        this.#context,
      );
    };
    const regular = initContainers.filter((container) => !isSidecar(container));
    const stopping = [
      ...containers.map((it) => stop(it, false)),
      ...regular.map((it) => stop(it, true)),
    ];
    // Kubernetes: sidecars end last, in the reverse of the order they began in.
    let turn: Promise<unknown> = Promise.all(stopping);
    for (const container of initContainers.filter(isSidecar).toReversed()) {
      const stopped = stop(container, true, turn);
      stopping.push(stopped);
      turn = Promise.all([turn, stopped]);
    }
    await Promise.all(stopping);
  }

  async #dropSandbox(): Promise<void> {
    if (!this.#sandbox || !this.#sandboxReady) return;
    this.#sandboxReady = false;
    const { ip } = this.#sandbox.network;
    await this.#context.network.removePod(ip);
    this.#addresses.release(ip);
  }

  async #deleteObject(): Promise<void> {
    const { namespace, name = "", uid } = this.#pod.metadata ?? {};
    try {
      await this.#context.client.delete(
        pods,
        { namespace, name },
        { gracePeriodSeconds: 0, ...(uid ? { preconditions: { uid } } : {}) },
      );
    } catch (error) {
      if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
      this.#removed = true;
    }
  }

  async #forget(): Promise<void> {
    this.#gone = true;
    this.#cancelTimer();
    for (const run of [...this.#runs.values()].flat()) run.log.close();
    const { uid } = this.#pod.metadata ?? {};
    this.#context.restartBackOff.forget(`${uid}_`);
    this.#context.pullBackOff.forget(`${uid}_`);
    await rm(this.#folder, { recursive: true, force: true });
    this.#onGone();
  }
}

const ownConditions = new Set([
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
]);

function isForeign(type: string): boolean {
  return !ownConditions.has(type);
}

function wishesOf({ metadata, spec, status }: Pod): string {
  const { generation, deletionTimestamp, deletionGracePeriodSeconds, labels, annotations } =
    metadata ?? {};
  const gates = (spec?.readinessGates ?? []).map(
    ({ conditionType }) => status?.conditions?.find(({ type }) => type === conditionType)?.status,
  );
  return JSON.stringify([
    generation,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    labels,
    annotations,
    gates,
  ]);
}

function withJitter(ms: number): number {
  return ms * (1 + Math.random() * jitter);
}
