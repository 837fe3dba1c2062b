import type { KubeConfig } from "@kubernetes/client-node";

/** What a cluster can do beyond running pods; a lab that needs more is skipped with the reason. */
export type Capability = "docker" | "load-balancer" | "gateway-api";

/** Where a connection from outside the cluster has to go. */
export interface OutsideAddress {
  readonly host: string;
  readonly port: number;
}

/** A described cluster: nothing runs yet. */
export interface Cluster {
  /** Starts or joins the cluster; reports what it is doing, a phase at a time. */
  start(options: StartOptions): Promise<StartedCluster>;
}

export interface StartOptions {
  readonly signal: AbortSignal;
  /** Told the phase that begins, in words: "API server", "images", ... */
  readonly onPhase?: (phase: string) => void;
}

/** A running cluster. Disposing it twice is harmless. */
export interface StartedCluster extends AsyncDisposable {
  /** One line for people: "embedded (Kubernetes v1.36 API, no Docker)". */
  readonly description: string;
  readonly serverVersion: string;
  /** One per cluster: @kubernetes/client-node keeps connections by it. */
  readonly kubeConfig: KubeConfig;
  /** The same as a file, mode 0600. */
  readonly kubeConfigPath: string;
  can(capability: Capability): boolean;
  /**
   * What a run may do about add-ons: install them, install them and remove them at its end, or only use
   * those that are there.
   */
  readonly addons: "install" | "install-and-remove" | "use";
  /**
   * Where a Service's port is reached from outside (NodePort or LoadBalancer).
   * Fails with the reason where the Service has no way in from outside.
   */
  outside(service: {
    readonly namespace: string;
    readonly name: string;
    readonly port: number;
  }): Promise<OutsideAddress>;
  /** The last lines that the cluster's server wrote, for the report of a failure. Absent where they cannot be had. */
  recentLog?(): readonly string[];
  /** The image reference to use on this cluster for one that the labs name. */
  image(reference: string): string;
  /**
   * Whether the nodes were given this public image from a file. They know such an image by its tag and not by
   * its digest, and it takes a kubelet most of a minute to list it in the node's status. @default none
   */
  wasLoaded?(reference: string): boolean;
  /** The command that ends the cluster where it was kept; undefined where it is not ours to end. */
  readonly howToEnd?: string | undefined;
  /** How the cluster ended although nobody stopped it; undefined while it runs. @default never */
  lost?(): string | undefined;
  stop(): Promise<void>;
}
