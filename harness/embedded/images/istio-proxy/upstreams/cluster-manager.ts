import { type Cluster, clusterName, resolveCluster } from "../routing/cluster.ts";
import type { MeshSnapshot } from "../routing/model.ts";
import type { DestinationRef } from "../routing/route.ts";
import { type ClusterEnvironment, LiveCluster } from "./live-cluster.ts";

/** The clusters of one proxy: made when first asked for, kept while their settings stay the same. */
export class ClusterManager {
  readonly #environment: ClusterEnvironment;
  readonly #namespace: string;
  readonly #live = new Map<string, { readonly settings: string; readonly cluster: LiveCluster }>();
  /** Destinations resolved against the present snapshot. */
  readonly #current = new Map<string, LiveCluster | undefined>();
  #snapshot: MeshSnapshot;

  constructor(namespace: string, snapshot: MeshSnapshot, environment: ClusterEnvironment) {
    this.#namespace = namespace;
    this.#snapshot = snapshot;
    this.#environment = environment;
  }

  /** Takes over a new configuration; requests under way end as they began. */
  update(snapshot: MeshSnapshot): void {
    this.#snapshot = snapshot;
    this.#current.clear();
  }

  /** The cluster of a destination; undefined where the host, its port or the subset does not exist. */
  get(destination: DestinationRef): LiveCluster | undefined {
    const name = clusterName(destination);
    if (this.#current.has(name)) return this.#current.get(name);
    const found = resolveCluster(this.#snapshot, this.#namespace, destination);
    const live = found && this.#adopt(found);
    this.#current.set(name, live);
    return live;
  }

  list(): readonly LiveCluster[] {
    return [...this.#live.values()].map(({ cluster }) => cluster);
  }

  close(): void {
    for (const { cluster } of this.#live.values()) cluster.close();
  }

  #adopt(found: Cluster): LiveCluster {
    const settings = JSON.stringify([found.protocol, found.policy]);
    const known = this.#live.get(found.name);
    if (known && known.settings === settings) {
      known.cluster.update(found);
      return known.cluster;
    }
    // New settings start from nothing, as Envoy's warm new cluster does; the old connections end idle.
    known?.cluster.update({ ...found, endpoints: [] });
    const cluster = new LiveCluster(found, this.#environment);
    this.#live.set(found.name, { settings, cluster });
    return cluster;
  }
}
