import { lookup } from "node:dns/promises";
import type { Clock } from "../../../time/clock.ts";
import type { Endpoint } from "../data-plane/upstream.ts";
import type { UpstreamServer } from "./config.ts";
import { ConfigError } from "./config-error.ts";

interface Peer {
  readonly endpoint: Endpoint;
  readonly server: UpstreamServer;
  current: number;
  fails: number;
  failedAtMs: number;
}

/** The servers of one upstream, chosen in nginx's smooth weighted round robin. */
export class Upstream {
  readonly #peers: readonly Peer[];
  readonly #clock: Clock;

  private constructor(peers: readonly Peer[], clock: Clock) {
    this.#peers = peers;
    this.#clock = clock;
  }

  /** Resolves the names, once and for good, as nginx does when it starts. */
  static async resolve(servers: readonly UpstreamServer[], clock: Clock): Promise<Upstream> {
    const peers: Peer[] = [];
    for (const server of servers)
      for (const address of await resolveName(server))
        peers.push({
          endpoint: { address, port: server.port },
          server,
          current: 0,
          fails: 0,
          failedAtMs: 0,
        });
    return new Upstream(peers, clock);
  }

  /** How many servers a request may be tried at. */
  get size(): number {
    return this.#peers.length;
  }

  /** The next server that was not tried for this request; undefined where none is left. */
  next(tried: ReadonlySet<Endpoint>): Endpoint | undefined {
    const left = this.#peers.filter(({ endpoint }) => !tried.has(endpoint));
    const alive = left.filter((peer) => this.#isAlive(peer));
    const main = alive.filter(({ server }) => !server.backup);
    const choice = main.length > 0 ? main : alive;
    // None alive: nginx forgets the failures, so that the next request tries again.
    if (choice.length === 0) for (const peer of this.#peers) peer.fails = 0;
    let best: Peer | undefined;
    let total = 0;
    for (const peer of choice) {
      peer.current += peer.server.weight;
      total += peer.server.weight;
      if (!best || peer.current > best.current) best = peer;
    }
    if (best) best.current -= total;
    return best?.endpoint;
  }

  /** Counts a failure; enough of them take the server out for its fail_timeout. */
  failed(endpoint: Endpoint): void {
    const peer = this.#peers.find((one) => one.endpoint === endpoint);
    if (!peer) return;
    peer.fails += 1;
    peer.failedAtMs = this.#clock.now();
  }

  #isAlive({ server, fails, failedAtMs }: Peer): boolean {
    // The only server there is is never taken out.
    if (this.#peers.length === 1 || server.maxFails === 0 || fails < server.maxFails) return true;
    return this.#clock.now() - failedAtMs > server.failTimeoutMs;
  }
}

async function resolveName({ host, place }: UpstreamServer): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true, family: 4 });
    return found.map(({ address }) => address);
  } catch {
    throw new ConfigError(`host not found in upstream "${host}"`, place);
  }
}
