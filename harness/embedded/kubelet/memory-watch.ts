import { readdirSync, readFileSync } from "node:fs";
import type { Clock } from "../../time/clock.ts";
import type { ContainerInstance } from "./container-instance.ts";
import { parseQuantity } from "../quantity.ts";

const periodMs = 500;

/**
 * Kills containers that use more memory than their limit. Linux only: elsewhere limits are recorded and not enforced.
 * What counts is memory of the processes' own (anonymous and shared); a cgroup would count file pages as well.
 */
export class MemoryWatch {
  readonly #clock: Clock;
  readonly #running: () => readonly ContainerInstance[];
  #cancel = (): void => {};
  #stopped = process.platform !== "linux";

  constructor(clock: Clock, running: () => readonly ContainerInstance[]) {
    this.#clock = clock;
    this.#running = running;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#clock.after(periodMs, () => {
      this.#look();
      this.#schedule();
    });
  }

  #look(): void {
    for (const instance of this.#running()) {
      const limit = instance.container.resources?.limits?.["memory"];
      const pid = instance.process?.pid;
      if (!limit || pid === undefined || memoryOf(pid) <= parseQuantity(limit)) continue;
      instance.outOfMemory = true;
      instance.process?.kill();
    }
  }
}

/** Bytes that a process and its descendants hold. */
export function memoryOf(pid: number): number {
  return ownMemory(pid) + childrenOf(pid).reduce((sum, child) => sum + memoryOf(child), 0);
}

function ownMemory(pid: number): number {
  const status = read(`/proc/${pid}/status`);
  const anonymous = Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  const shared = Number(/^RssShmem:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  return (anonymous + shared) * 1024;
}

function childrenOf(pid: number): number[] {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
