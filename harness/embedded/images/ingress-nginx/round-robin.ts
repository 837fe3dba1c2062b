import { type Endpoint, endpointKey } from "../data-plane/upstream.ts";
import type { Backend } from "./routing.ts";

interface Turn {
  readonly endpoints: string;
  next: number;
}

/** Whose turn it is, by backend; begins anew where a backend's endpoints changed, as in balancer.lua. */
export class RoundRobin {
  readonly #turns = new Map<string, Turn>();

  next({ name, endpoints }: Backend): Endpoint | undefined {
    const key = endpoints.map(endpointKey).join();
    let turn = this.#turns.get(name);
    if (turn?.endpoints !== key) this.#turns.set(name, (turn = { endpoints: key, next: 0 }));
    const endpoint = endpoints[turn.next % endpoints.length];
    turn.next = (turn.next + 1) % Math.max(1, endpoints.length);
    return endpoint;
  }

  /** Every reload of nginx begins anew. */
  reset(): void {
    this.#turns.clear();
  }
}
