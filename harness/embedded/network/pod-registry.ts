import type { PodSandbox } from "../pod-network.ts";
import type { BindScope } from "./wire.ts";

/** A port that a process of the pod listens on. */
export interface Listener {
  readonly port: number;
  /** The loopback port that is really open. */
  readonly real: number;
  readonly bind: BindScope;
  /** Several processes may share the port: workers of node:cluster, reusePort. */
  readonly shared: boolean;
  /** The control connection that registered it; with it ends the registration. */
  readonly owner: object;
  /** Of the sidecar itself: never redirected. */
  readonly isProxys: boolean;
}

/** A pod on this node. */
export class PodEntry {
  readonly sandbox: PodSandbox;
  /** A sidecar belongs to the pod: its traffic is redirected, or refused while the sidecar is away. */
  meshed = false;
  readonly #listeners = new Map<number, Listener[]>();
  #turn = 0;

  constructor(sandbox: PodSandbox) {
    this.sandbox = sandbox;
  }

  /** Returns false where the port is taken: EADDRINUSE. */
  listen(listener: Listener): boolean {
    const others = this.#listeners.get(listener.port) ?? [];
    const isFree = others.every(
      (other) => (other.shared && listener.shared) || !overlap(other.bind, listener.bind),
    );
    if (isFree) this.#listeners.set(listener.port, [...others, listener]);
    return isFree;
  }

  /** Ends what the owner registered: one listener, or all of them. */
  unlisten(owner: object, real?: number): void {
    for (const [port, listeners] of this.#listeners) {
      const left = listeners.filter(
        (listener) => listener.owner !== owner || (real !== undefined && listener.real !== real),
      );
      if (left.length > 0) this.#listeners.set(port, left);
      else this.#listeners.delete(port);
    }
  }

  /** Who answers on the port, to connections by the pod's loopback or to its address. */
  find(port: number, to: "loopback" | "pod"): Listener | undefined {
    const open = (this.#listeners.get(port) ?? []).filter(
      ({ bind }) => bind === "any" || bind === to,
    );
    return open[this.#turn++ % Math.max(1, open.length)];
  }
}

function overlap(one: BindScope, other: BindScope): boolean {
  return one === "any" || other === "any" || one === other;
}

/** The pods of this node by address. */
export class PodRegistry {
  readonly #pods = new Map<string, PodEntry>();

  /** Adding the same pod again changes nothing. */
  add(sandbox: PodSandbox): void {
    if (this.#pods.get(sandbox.ip)?.sandbox.uid !== sandbox.uid)
      this.#pods.set(sandbox.ip, new PodEntry(sandbox));
  }

  remove(ip: string): void {
    this.#pods.delete(ip);
  }

  get(ip: string): PodEntry | undefined {
    return this.#pods.get(ip);
  }

  hasNamespace(namespace: string): boolean {
    for (const pod of this.#pods.values()) if (pod.sandbox.namespace === namespace) return true;
    return false;
  }
}
