import { normalizeAuthority } from "./hosts.ts";
import type { VirtualHost } from "./route.ts";

/** The virtual hosts of one listener, searched by Host header. */
export class RouteTable {
  readonly virtualHosts: readonly VirtualHost[];
  readonly #exact = new Map<string, VirtualHost>();
  /** Longest suffix first. */
  readonly #suffixes: (readonly [string, VirtualHost])[] = [];

  constructor(virtualHosts: readonly VirtualHost[]) {
    this.virtualHosts = virtualHosts;
    for (const virtualHost of virtualHosts) {
      for (const domain of virtualHost.domains) this.#add(domain, virtualHost);
    }
    this.#suffixes.sort(([a], [b]) => b.length - a.length);
  }

  /** The virtual host of a request: the exact name, else the longest pattern, else none. */
  find(authority: string): VirtualHost | undefined {
    const host = normalizeAuthority(authority);
    const exact = this.#exact.get(host);
    if (exact) return exact;
    return this.#suffixes.find(([suffix]) => host.endsWith(suffix))?.[1];
  }

  #add(domain: string, virtualHost: VirtualHost): void {
    if (domain.startsWith("*")) {
      const suffix = domain.slice(1);
      if (!this.#suffixes.some(([known]) => known === suffix)) {
        this.#suffixes.push([suffix, virtualHost]);
      }
      return;
    }
    // Of two virtual hosts with one name, the first wins.
    if (!this.#exact.has(domain)) this.#exact.set(domain, virtualHost);
  }
}
