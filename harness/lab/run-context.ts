import { randomInt } from "node:crypto";
import { join } from "node:path";
import { Kube } from "../kube/kube.ts";
import type { Observer } from "../report/events.ts";
import type { CheckRecord, Phase, PhaseTimes } from "../report/record.ts";
import { type Clock, systemClock } from "../time/clock.ts";
import { OwnNames } from "./own-names.ts";
import type { LabCluster } from "./lab-cluster.ts";
import type { LabDefinition, SabotageOptions, Vars } from "./definition.ts";
import type { AppliedRule } from "./rule-marker.ts";

/** Faults that the engine itself puts in, for every traffic check of a lab. */
export type GenericFault = "no-rules" | "all-errors";

export interface RunOptions {
  readonly cluster: LabCluster;
  readonly observer: Observer;
  readonly signal: AbortSignal;
  /** One change that a check must notice. */
  readonly sabotage?: SabotageOptions;
  /**
   * A fault of the engine's own. All checks are then surveyed: a failing one is recorded and the run goes on,
   * so that one run tells of every check whether it notices.
   */
  readonly fault?: GenericFault;
  /** The lab's objects stay. @default false */
  readonly keep?: boolean;
  /** How long the new rule may take to be in force. @default 20_000 */
  readonly gateTimeoutMs?: number;
  /** Only the steps up to this one, from 1, are run. @default all */
  readonly lastStep?: number;
  /** @default systemClock */
  readonly clock?: Clock;
}

/** Everything that one run of one lab shares between its parts. */
export class RunContext {
  readonly definition: LabDefinition;
  readonly options: RunOptions;
  readonly runId = randomName(8);
  /** Host names and ports that other runs on the cluster must not meet. */
  readonly names = new OwnNames(this.runId);
  readonly namespace: string;
  readonly vars: Vars;
  readonly kube: Kube;
  readonly clock: Clock;
  /** The rules in force by the lab's doing, oldest first. */
  rules: readonly AppliedRule[] = [];
  /** Whether the lab's files have asked for a traffic rule so far, applied or left out. */
  underRule = false;
  /** The step under way, from 1; 0 between steps. */
  stepNumber = 0;
  checks: CheckRecord[] = [];
  /** What the lab started beside the cluster, and ends with it. */
  readonly started: AsyncDisposable[] = [];
  signal: AbortSignal;
  readonly #times = new Map<Phase, number>();
  #timing = false;
  /** The command told last, with its step. */
  #told = "";

  constructor(definition: LabDefinition, options: RunOptions) {
    this.definition = definition;
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.signal = options.signal;
    this.namespace = `kubelab-${definition.name}-${randomName(4)}`;
    this.vars = { ...definition.options.vars, ...options.sabotage?.set };
    this.kube = this.#createKube();
  }

  #createKube(): Kube {
    const currentSignal = () => this.signal;
    return new Kube({
      kubeConfig: this.options.cluster.kubeConfig,
      namespace: this.namespace,
      clock: this.clock,
      onCommand: (command) => this.command(command),
      onProgress: (text) => this.progress(text),
      // Each step has a signal of its own.
      get signal() {
        return currentSignal();
      },
    });
  }

  /** Where the lab's manifests are. */
  get manifests(): string {
    return join(this.definition.folder, "manifests");
  }

  /** All namespaces of the lab, as spaces: the main one is undefined. */
  get spaces(): readonly (string | undefined)[] {
    return [undefined, ...(this.definition.options.spaces ?? [])];
  }

  /** The times of the phases so far. */
  get phaseTimes(): PhaseTimes {
    return Object.fromEntries(this.#times);
  }

  /** Tells what a person would type; nothing is told while the engine prepares or cleans up. */
  command(command: string, manifest?: string): void {
    if (this.stepNumber === 0) return;
    // A check that is repeated until it holds asks the same thing again and again.
    const told = `${this.stepNumber} ${command}`;
    if (manifest === undefined && told === this.#told) return;
    this.#told = told;
    const event = { type: "command", lab: this.definition.name, command } as const;
    this.options.observer(manifest === undefined ? event : { ...event, manifest });
  }

  progress(text: string): void {
    this.options.observer({ type: "progress", lab: this.definition.name, text });
  }

  /** Runs a part of the lab and books its time; parts inside a part count with the outer one. */
  async time<T>(phase: Phase, part: () => Promise<T>): Promise<T> {
    if (this.#timing) return part();
    this.#timing = true;
    const startedAt = performance.now();
    try {
      return await part();
    } finally {
      this.#timing = false;
      this.addTime(phase, performance.now() - startedAt);
    }
  }

  addTime(phase: Phase, ms: number): void {
    this.#times.set(phase, (this.#times.get(phase) ?? 0) + ms);
  }
}

const letters = "bcdfghjklmnpqrstvwxz2456789";

/** A random name that spells nothing, as Kubernetes makes them. */
function randomName(length: number): string {
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join("");
}
