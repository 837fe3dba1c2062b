import type { Clock } from "../../time/clock.ts";
import type { Endpoint, ServicePort } from "./service-table.ts";

interface Remembered {
  readonly key: string;
  readonly untilMs: number;
}

/**
 * Chooses the endpoint of each new connection as kube-proxy's iptables mode does: any of them with the same
 * probability, or with ClientIP affinity the one that this client had last, while it is there.
 */
export class EndpointChoice {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #affinity = new Map<string, Remembered>();

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Undefined where the Service has no endpoint: such a connection is refused. */
  choose(port: ServicePort, clientIp: string): Endpoint | undefined {
    const { endpoints, affinitySeconds } = port;
    const any = endpoints[Math.floor(this.#random() * endpoints.length)];
    if (affinitySeconds === undefined || !any) return any;
    const client = `${port.namespace}/${port.service}:${port.name}<${clientIp}`;
    const last = this.#affinity.get(client);
    const kept =
      last && last.untilMs > this.#clock.now()
        ? endpoints.find((endpoint) => keyOf(endpoint) === last.key)
        : undefined;
    const chosen = kept ?? any;
    // Every connection begins the timeout anew, as the `recent` match of iptables does.
    const untilMs = this.#clock.now() + affinitySeconds * 1_000;
    this.#affinity.set(client, { key: keyOf(chosen), untilMs });
    return chosen;
  }
}

const keyOf = ({ address, port }: Endpoint): string => `${address}:${port}`;
