import type { Container, Pod } from "kubernetes-types/core/v1";
import { runCommand } from "./container-command.ts";
import { eventsOf } from "./container-events.ts";
import type { ContainerInstance } from "./container-instance.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { isSidecar } from "./pod-model.ts";
import { runProbe } from "./probe-action.ts";
import { ProbeWorker, type ProbeKind } from "./probe-worker.ts";

export interface ProberOptions {
  readonly pod: Pod;
  readonly ip: string;
  readonly context: KubeletContext;
  readonly instanceOf: (container: string) => ContainerInstance | undefined;
  readonly onChange: () => void;
}

/** All probes of one pod. */
export class Prober {
  readonly #options: ProberOptions;
  readonly #workers = new Map<string, ProbeWorker>();

  constructor(options: ProberOptions) {
    this.#options = options;
    const { initContainers = [], containers = [] } = options.pod.spec ?? {};
    for (const container of initContainers.filter(isSidecar)) this.#add(container, true);
    for (const container of containers) this.#add(container, false);
  }

  /** Whether the run's startup probe has succeeded; true without one. */
  isStarted(container: Container): boolean {
    const run = this.#options.instanceOf(container.name);
    if (!run || run.termination) return false;
    if (!container.startupProbe) return true;
    return this.#worker(container, "startup")?.resultFor(run.id) === true;
  }

  /** Whether the run is ready; where its probe has not said so, the probe may run at once. */
  isReady(container: Container, probing: "may probe" | "no probe" = "may probe"): boolean {
    const run = this.#options.instanceOf(container.name);
    if (!run || run.termination) return false;
    const worker = this.#worker(container, "readiness");
    if (!worker) return true;
    if (worker.resultFor(run.id) === true) return true;
    if (probing === "may probe") worker.trigger();
    return false;
  }

  /** Which probe says that the run must be restarted. */
  failedProbe(container: Container, runId: string): "startup" | "liveness" | undefined {
    if (this.#worker(container, "startup")?.resultFor(runId) === false) return "startup";
    return this.#worker(container, "liveness")?.resultFor(runId) === false ? "liveness" : undefined;
  }

  /** A pod that ends is still asked whether it is ready, but not restarted. */
  stopLivenessAndStartup(): void {
    for (const [key, worker] of this.#workers) if (!key.startsWith("readiness ")) worker.stop();
  }

  stop(): void {
    for (const worker of this.#workers.values()) worker.stop();
  }

  #worker(container: Container, kind: ProbeKind): ProbeWorker | undefined {
    return this.#workers.get(`${kind} ${container.name}`);
  }

  #add(container: Container, isInit: boolean): void {
    for (const kind of ["startup", "readiness", "liveness"] as const) {
      const probe = container[`${kind}Probe`];
      if (!probe) continue;
      const { pod, context, ip, instanceOf, onChange } = this.#options;
      const events = eventsOf(context.events, pod, container, isInit);
      const worker = new ProbeWorker({
        kind,
        probe,
        clock: context.clock,
        run: () => {
          const run = instanceOf(container.name);
          return run && { id: run.id, startedAtMs: run.startedAtMs, running: run.isRunning };
        },
        isStarted: () => this.isStarted(container),
        execute: () =>
          runProbe(probe, {
            network: context.network,
            ip,
            container,
            exec: (command, signal) => {
              const run = instanceOf(container.name);
              if (!run?.isRunning) throw new Error(`container ${container.name} is not running`);
              return runCommand(run, command, context.stateDir, signal);
            },
          }),
        onResult: onChange,
        onUnhealthy: (message) => events.warn("Unhealthy", message),
        onWarning: (message) => events.warn("ProbeWarning", message),
      });
      this.#workers.set(`${kind} ${container.name}`, worker);
    }
  }
}
