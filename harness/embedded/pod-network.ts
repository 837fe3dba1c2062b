import type { Socket } from "node:net";

/** Where pods ask for the cluster's names. */
export const clusterDnsAddress = "10.96.0.10";

/** What a pod's /etc/resolv.conf says. Without the cluster's DNS among its servers, a pod does not know cluster names. */
export interface PodResolver {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  /** Name and value; "" for an option without one. */
  readonly options: readonly (readonly [name: string, value: string])[];
}

/** The pod as the network sees it: made by the kubelet when it sets up the pod's sandbox. */
export interface PodSandbox {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The virtual address, for example 10.244.0.7. */
  readonly ip: string;
  /** What os.hostname() answers in the pod. */
  readonly hostname: string;
  readonly resolver: PodResolver;
  /** Its hosts file, its own names included: name → address. */
  readonly hosts: Readonly<Record<string, string>>;
}

/** What the kubelet needs of the network: the role that CNI and the node's network stack play. */
export interface PodNetwork {
  /** Joins the pod to the network before its first container starts. */
  addPod(sandbox: PodSandbox): Promise<void>;
  /** Forgets the pod; connections to its address are then answered as for an address nobody has. */
  removePod(ip: string): Promise<void>;
  /**
   * The environment that puts a process on the pod's network (NODE_OPTIONS with the preload, the agent's
   * address, the pod's credential). `proxy` marks the sidecar itself, whose traffic is not intercepted.
   */
  environment(
    sandbox: PodSandbox,
    options: { readonly proxy: boolean },
  ): Readonly<Record<string, string>>;
  /** Connects as the node does (kubelet probes, port-forward): to a pod's address, not through Services. Rejects with ECONNREFUSED and the like. */
  connect(
    ip: string,
    port: number,
    options: {
      readonly timeoutMs: number;
      /** By the pod's own loopback, as port-forward does: reaches listeners on 127.0.0.1 too. @default false */
      readonly loopback?: boolean;
    },
  ): Promise<Socket>;
}
