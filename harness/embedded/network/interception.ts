import type { Server } from "node:net";
import { podAgent } from "./pod-agent.ts";

/** Where a process of the pod wanted to connect, as the sidecar is asked about it. */
export interface OriginalDestination {
  /** A ClusterIP, a pod's address or an address outside; never loopback. */
  readonly ip: string;
  readonly port: number;
  /** The name that the program gave, before DNS: "logic", "logic.prod.svc.cluster.local"; absent for an address. */
  readonly resolvedName: string | undefined;
}

/** What a sidecar decides for its pod. */
export interface Interceptor {
  /**
   * Asked once for each address, port and name that a process of this pod connects to (the answer is kept
   * until `forgetDestinations` or until the sidecar ends). Answers the real port from `listenUnseen` that
   * stands for this destination, or undefined to let such connections go past the sidecar. To throw
   * refuses the connection with ECONNREFUSED; that is not kept.
   */
  onOutbound(destination: OriginalDestination): number | undefined | Promise<number | undefined>;
  /**
   * Asked once for each port of this pod that anyone but this pod's own programs connects to, whether or
   * not the app listens there. Answers as `onOutbound` does.
   */
  onInbound(port: number): number | undefined | Promise<number | undefined>;
  /** Inbound connections to these ports reach the app directly (annotation excludeInboundPorts). */
  readonly excludeInboundPorts?: readonly number[];
  /** Outbound connections to these ports go past the sidecar (annotation excludeOutboundPorts). */
  readonly excludeOutboundPorts?: readonly number[];
}

/**
 * Makes this process the sidecar of its pod, as istio-init's iptables rules do: from now on the pod's
 * connections are redirected to it. Only a process started with `proxy: true` may; anything else is refused.
 *
 * ```ts
 * const interception = await becomeInterceptor({
 *   onOutbound: ({ ip, port }) => {
 *     const server = net.createServer((fromApp) => proxyTo(ip, port, fromApp));
 *     return listenUnseen(server, { address: ip, port }); // the real port
 *   },
 *   onInbound: (port) => listenUnseen(net.createServer((fromPeer) => proxyTo("127.0.0.1", port, fromPeer))),
 *   excludeInboundPorts: [15020, 15021, 15090],
 * });
 * ```
 *
 * How the sidecar connects onward: with plain `net.connect` (http, http2, tls … alike).
 * - To a pod's address or a ClusterIP: goes there as from any pod, and is not intercepted on its way out.
 *   At another meshed pod it arrives at that pod's inbound listener.
 * - To `127.0.0.1:port`: reaches the app in the same pod. The app sees the peer 127.0.0.1, or 127.0.0.6
 *   (as with Istio) where `localAddress: "127.0.0.6"` is given and the platform is Linux.
 * - To its own pod's address: arrives at its own inbound listener (an app that calls its own Service).
 *
 * What is redirected: every connection of the pod's other processes, but those to loopback and to the pod's
 * own address; every connection from elsewhere to the pod, but those to ports that the sidecar itself
 * listens on with an ordinary `listen(15021)`, to excluded ports, and from the node (kubelet probes,
 * port-forward). Before the sidecar called this, and after it ended, what would be redirected is refused
 * with ECONNREFUSED.
 */
export async function becomeInterceptor(interceptor: Interceptor): Promise<Interception> {
  return podAgent().intercept(interceptor);
}

/** Ends by itself when the process ends. */
export interface Interception extends AsyncDisposable {
  /** Asks `onOutbound` and `onInbound` anew for connections that begin after this. */
  forgetDestinations(): Promise<void>;
  /** The pod's connections are no longer redirected, and refused until a sidecar is back. */
  stop(): Promise<void>;
}

/**
 * Listens where nobody in the cluster can connect but by redirection, and resolves to the real port to
 * answer from `onOutbound` or `onInbound`. Connections that arrive have as `remoteAddress` the address of
 * the pod that connected (Linux; elsewhere the node's), and as `localAddress` and `localPort` the original destination
 * where `standsFor` names it.
 */
export async function listenUnseen(
  server: Server,
  standsFor?: { readonly address: string; readonly port: number },
): Promise<number> {
  return podAgent().listenUnseen(server, standsFor);
}
