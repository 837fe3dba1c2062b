import { UpstreamError } from "../../data-plane/upstream.ts";
import type { TrafficPolicy } from "../routing/istio-types.ts";

/**
 * Envoy's circuit breaker for one cluster: so many requests under way, so many waiting for a connection,
 * and no more. https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking
 */
export class RequestGate {
  readonly #maxConnections: number;
  readonly #maxPending: number;
  readonly #maxRequests: number;
  readonly #isMultiplexed: boolean;
  readonly #waiting: (() => void)[] = [];
  #active = 0;
  /** Requests turned away, as upstream_rq_pending_overflow counts them. */
  overflows = 0;

  constructor(policy: TrafficPolicy["connectionPool"], isMultiplexed: boolean) {
    this.#maxConnections = policy?.tcp?.maxConnections ?? Infinity;
    this.#maxPending = policy?.http?.http1MaxPendingRequests ?? Infinity;
    this.#maxRequests = policy?.http?.http2MaxRequests ?? Infinity;
    this.#isMultiplexed = isMultiplexed;
  }

  /** Resolves when the request may go; the function it resolves with must be called when it is over. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (this.#active >= this.#maxRequests) throw this.#overflow();
    if (!this.#isMultiplexed && this.#active >= this.#maxConnections) {
      if (this.#waiting.length >= this.#maxPending) throw this.#overflow();
      await this.#wait(signal);
    }
    this.#active += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#active -= 1;
      this.#waiting.shift()?.();
    };
  }

  #overflow(): UpstreamError {
    this.overflows += 1;
    return new UpstreamError("overflow", "overflow", {});
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(new UpstreamError("aborted", "given up", {}));
      };
      this.#waiting.push(go);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }
}
