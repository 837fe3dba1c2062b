import type { Client } from "../client.ts";
import { pods } from "../resources.ts";
import { isStatus } from "../status-error.ts";
import type { FullPodStatus, Pod } from "./pod-model.ts";

/** Writes one pod's status in order, and only where it differs from what was written last. */
export class StatusWriter {
  readonly #client: Client;
  readonly #pod: Pod;
  #last: FullPodStatus;
  #lastText = "";
  #queue: Promise<void> = Promise.resolve();

  constructor(client: Client, pod: Pod) {
    this.#client = client;
    this.#pod = pod;
    this.#last = pod.status ?? {};
  }

  /** What the API server has, or will have once the queue is done. */
  get last(): FullPodStatus {
    return this.#last;
  }

  /** Resolves once stored. Rejects where the API server refuses; a pod that is gone is no error. */
  write(status: FullPodStatus): Promise<void> {
    const text = JSON.stringify(status);
    if (text === this.#lastText) return this.#queue;
    this.#lastText = text;
    this.#last = status;
    const done = this.#queue.then(() => this.#patch(status));
    // A failed write does not stop the ones after it.
    this.#queue = done.catch(() => {
      this.#lastText = "";
    });
    return done;
  }

  async #patch(status: FullPodStatus): Promise<void> {
    const { namespace, name = "", uid } = this.#pod.metadata ?? {};
    const body = { metadata: { uid }, status: { reason: null, message: null, ...status } };
    try {
      await this.#client.patch(
        pods,
        { namespace, name },
        { type: "merge", body },
        { subresource: "status", fieldManager: "kubelet" },
      );
    } catch (error) {
      if (isStatus(error, "NotFound") || isStatus(error, "Conflict")) return;
      throw error;
    }
  }
}
