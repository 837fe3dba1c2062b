import type { Probe } from "kubernetes-types/core/v1";
import type { Clock } from "../../time/clock.ts";
import { bootAllowanceMs, bootRetryMs } from "./boot-allowance.ts";
import type { ProbeOutcome } from "./probe-outcome.ts";

export type ProbeKind = "startup" | "readiness" | "liveness";

/** The run that a probe looks at. */
export interface ProbedRun {
  readonly id: string;
  readonly startedAtMs: number;
  readonly running: boolean;
}

export interface ProbeWorkerOptions {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly run: () => ProbedRun | undefined;
  /** Whether the container's startup probe, if it has one, has succeeded. */
  readonly isStarted: () => boolean;
  readonly execute: () => Promise<ProbeOutcome>;
  /** Told of each change of the result. */
  readonly onResult: (runId: string, success: boolean) => void;
  readonly onUnhealthy: (message: string) => void;
  readonly onWarning: (message: string) => void;
}

/**
 * A real node makes a pod's sandbox in about this time, while the tickers of its probes run already: recorded, a probe
 * with a period of one second first looks at a container 0.7 to 0.8 s after its start. Our sandboxes take no time.
 */
const sandboxMs = 200;

/**
 * One probe of one container, as the kubelet's prober worker runs it: on a ticker that starts with the pod, and at
 * once where the status asks for a readiness that is not known yet.
 */
export class ProbeWorker {
  readonly #options: ProbeWorkerOptions;
  readonly #periodMs: number;
  #nextMs: number;
  #cancelTimer = (): void => {};
  #busy = false;
  #triggered = false;
  #stopped = false;
  #runId: string | undefined;
  #result: boolean | undefined;
  #lastOutcome: boolean | undefined;
  #streak = 0;
  #onHold = false;

  constructor(options: ProbeWorkerOptions) {
    this.#options = options;
    this.#periodMs = (options.probe.periodSeconds ?? 10) * 1000;
    this.#nextMs = options.clock.now() + this.#periodMs - sandboxMs;
    this.#schedule();
  }

  /** The last settled result for this run; undefined where there is none. */
  resultFor(runId: string): boolean | undefined {
    return runId === this.#runId ? this.#result : undefined;
  }

  /** Runs the probe now and counts its period from here. */
  trigger(): void {
    if (this.#stopped) return;
    this.#triggered = true;
    if (!this.#busy) void this.#work();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  #schedule(): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    // A ticker drops the ticks that nobody was there to take.
    while (this.#nextMs <= clock.now()) this.#nextMs += this.#periodMs;
    this.#cancelTimer = clock.after(this.#nextMs - clock.now(), () => void this.#work());
  }

  async #work(): Promise<void> {
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    this.#cancelTimer();
    do {
      if (this.#triggered) this.#nextMs = this.#options.clock.now() + this.#periodMs;
      this.#triggered = false;
      await this.#probe();
    } while (this.#triggered && !this.#stopped);
    this.#busy = false;
    this.#schedule();
  }

  async #probe(): Promise<void> {
    const { kind, probe, run, isStarted, clock } = this.#options;
    const current = run();
    if (!current) return;
    if (current.id !== this.#runId) this.#adopt(current.id);
    if (this.#onHold) return;
    if (!current.running) return this.#settle(false);
    const ageMs = clock.now() - current.startedAtMs;
    if (Math.floor(ageMs / 1000) < (probe.initialDelaySeconds ?? 0)) return;
    if (isStarted() ? kind === "startup" : kind !== "startup") return;
    const outcome = await this.#execute(current);
    if (this.#stopped || this.#runId !== current.id || run()?.id !== current.id) return;
    this.#count(outcome);
  }

  /** A new run starts from what its kind of probe assumes. */
  #adopt(runId: string): void {
    const { kind } = this.#options;
    this.#runId = runId;
    this.#result = undefined;
    this.#lastOutcome = undefined;
    this.#streak = 0;
    this.#onHold = false;
    if (kind !== "startup") this.#result = kind === "liveness";
  }

  async #execute(current: ProbedRun): Promise<ProbeOutcome> {
    const { kind, clock, execute } = this.#options;
    const first = kind !== "startup" && this.#lastOutcome === undefined;
    let outcome = await execute();
    if (!first) return outcome;
    const isBooting = (): boolean =>
      this.#options.run()?.running === true && clock.now() - current.startedAtMs < bootAllowanceMs;
    while (!outcome.success && outcome.refused && !this.#stopped && isBooting()) {
      await clock.sleep(bootRetryMs);
      outcome = await execute();
    }
    return outcome;
  }

  #count({ success, errored, message, warning }: ProbeOutcome): void {
    const { kind, probe, onUnhealthy, onWarning } = this.#options;
    const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} probe`;
    if (errored) return onUnhealthy(`${name} errored and resulted in unknown state: ${message}`);
    if (!success) onUnhealthy(`${name} failed: ${message}`);
    if (warning !== undefined) onWarning(`${name} warning: ${warning}`);
    this.#streak = success === this.#lastOutcome ? this.#streak + 1 : 1;
    this.#lastOutcome = success;
    const needed = success ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (this.#streak < needed) return;
    this.#settle(success);
    if (!success && kind !== "readiness") {
      // The container is restarted: nothing is probed until the next run.
      this.#onHold = true;
      this.#streak = 0;
    }
  }

  #settle(success: boolean): void {
    if (this.#result === success || this.#runId === undefined) return;
    this.#result = success;
    this.#options.onResult(this.#runId, success);
  }
}
