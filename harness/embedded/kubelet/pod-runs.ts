import type { ContainerInstance } from "./container-instance.ts";
import type { ContainerRun, StartFailure } from "./pod-model.ts";

/** The runs of a pod's containers, and why the last attempt to start one failed. */
export class PodRuns {
  readonly #runs = new Map<string, ContainerInstance[]>();
  readonly #failures = new Map<string, StartFailure>();

  get isEmpty(): boolean {
    return this.#runs.size === 0;
  }

  /** The runs of a container, newest first. */
  of(container: string): readonly ContainerInstance[] {
    return this.#runs.get(container) ?? [];
  }

  newest(container: string): ContainerInstance | undefined {
    return this.of(container)[0];
  }

  lastEnded(container: string): ContainerRun | undefined {
    return this.of(container).find((run) => run.termination);
  }

  /** The run that ended last, by container. */
  lastEndedOfEach(): ReadonlyMap<string, ContainerRun | undefined> {
    return new Map([...this.#runs.keys()].map((name) => [name, this.lastEnded(name)]));
  }

  all(): ContainerInstance[] {
    return [...this.#runs.values()].flat();
  }

  running(): ContainerInstance[] {
    return [...this.#runs.values()].flatMap(([run]) => (run?.isRunning ? [run] : []));
  }

  /** Takes a new run in. Kubernetes keeps the newest ended run and its log; older ones go. */
  add(container: string, instance: ContainerInstance): void {
    const [before, ...older] = this.of(container);
    this.#runs.set(container, before ? [instance, before] : [instance]);
    void before?.removeFiles().catch(() => {});
    for (const old of older) void old.removeLog().catch(() => {});
  }

  /** Lets the status show the exits that nobody has seen yet. Returns whether there were any. */
  notice(): boolean {
    let changed = false;
    for (const [run] of this.#runs.values()) changed = (run?.notice() ?? false) || changed;
    return changed;
  }

  failureOf(container: string): StartFailure | undefined {
    return this.#failures.get(container);
  }

  failed(container: string, { reason, message }: StartFailure): void {
    this.#failures.set(container, { reason, message });
  }

  started(container: string): void {
    this.#failures.delete(container);
  }
}
