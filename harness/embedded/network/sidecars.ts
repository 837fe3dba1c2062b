import type { Question } from "./wire.ts";

/** A sidecar that took over its pod's connections. */
export interface Sidecar {
  readonly owner: object;
  readonly excludeInboundPorts: ReadonlySet<number>;
  readonly excludeOutboundPorts: ReadonlySet<number>;
  /** Resolves to the real port, to undefined where the sidecar lets pass; rejects where it refuses. */
  ask(question: Question): Promise<number | undefined>;
}

interface Seat {
  readonly sidecar: Sidecar;
  readonly answers: Map<string, Promise<number | undefined>>;
}

/** Which sidecar sits in which pod, and what it answered. */
export class Sidecars {
  readonly #seats = new Map<string, Seat>();

  install(podIp: string, sidecar: Sidecar): void {
    this.#seats.set(podIp, { sidecar, answers: new Map() });
  }

  get(podIp: string): Sidecar | undefined {
    return this.#seats.get(podIp)?.sidecar;
  }

  /** Removes the owner's sidecar, and leaves one that came after it. */
  remove(podIp: string, owner: object): void {
    if (this.#seats.get(podIp)?.sidecar.owner === owner) this.#seats.delete(podIp);
  }

  forget(podIp: string): void {
    this.#seats.get(podIp)?.answers.clear();
  }

  /** Asks once for each question; a refusal is not kept. */
  async ask(podIp: string, question: Question): Promise<number | undefined> {
    const seat = this.#seats.get(podIp);
    if (!seat) throw new Error(`pod ${podIp} has no sidecar`);
    const key = JSON.stringify(question);
    const known = seat.answers.get(key);
    if (known) return known;
    const answer = seat.sidecar.ask(question);
    seat.answers.set(key, answer);
    answer.catch(() => seat.answers.delete(key));
    return answer;
  }
}
