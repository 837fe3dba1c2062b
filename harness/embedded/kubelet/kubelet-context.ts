import { availableParallelism } from "node:os";
import type { Clock } from "../../time/clock.ts";
import type { Client } from "../client.ts";
import type { EventRecorder } from "../events.ts";
import type { PodNetwork } from "../pod-network.ts";
import type { BackOff } from "./back-off.ts";
import type { ImageStore } from "./images/image-store.ts";
import type { VolumeSources } from "./volume-content.ts";
import type { Service } from "kubernetes-types/core/v1";

/** What every pod of this kubelet shares. */
export interface KubeletContext {
  readonly client: Client;
  readonly network: PodNetwork;
  readonly clock: Clock;
  readonly stateDir: string;
  readonly nodeName: string;
  readonly hostIP: string;
  readonly images: ImageStore;
  readonly events: EventRecorder;
  readonly sources: VolumeSources;
  readonly services: () => readonly Service[];
  /** Between attempts to start a container that ended. */
  readonly restartBackOff: BackOff;
  /** Between attempts to pull an image. */
  readonly pullBackOff: BackOff;
  /** Limits how many containers start at the same time. */
  readonly startSlots: Slots;
  /** Between two looks at the processes; an exit is noticed at the next one. */
  readonly relistMs: number;
  /** Between two syncs of a pod that nothing happened to; volumes follow their sources then. */
  readonly resyncMs: number;
  readonly log: (message: string, error?: unknown) => void;
}

/** A counting semaphore: many pods that start at once do not take the machine from those that run. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count = availableParallelism() * 2) {
    this.#free = count;
  }

  /** Resolves when it is this caller's turn, with what ends the turn. */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return () => {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }
}
