import { isIPv4 } from "node:net";

/** The node's address on the pods' bridge: what a pod sees of connections from outside the cluster. */
export const nodeAddress = "10.244.0.1";

const podPrefix = "10.244.";
const servicePrefix = "10.96.";
/**
 * Linux answers on all of 127.0.0.0/8, so a loopback source address 127.<n>.b.c can say that the pod 10.244.b.c
 * connects, and how. Each kind has 63 values of n, taken in turn: with a single source address the kernel
 * searches longer and longer for a free port once ten thousand connections are in TIME_WAIT.
 */
const firstOf = { asSidecar: 64, asPod: 128, toItself: 192 } as const;
const countOfEach = 63;
/** What an app sees of connections from its sidecar, as with Istio. */
export const sidecarAddress = "127.0.0.6";

/** How a pod connects: to others, by its own loopback, or its sidecar to the app. */
export type SourceKind = keyof typeof firstOf;

export const isPodAddress = (ip: string): boolean => ip.startsWith(podPrefix) && isIPv4(ip);
export const isServiceAddress = (ip: string): boolean => ip.startsWith(servicePrefix) && isIPv4(ip);

/** Loopback and the unspecified address, which connects to loopback. */
export function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host === "::1" ||
    host === "::" ||
    host === "0.0.0.0" ||
    (host.startsWith("127.") && isIPv4(host)) ||
    host.startsWith("::ffff:127.")
  );
}

let turn = 0;

/** The real source address for the next connection from this pod; undefined where the platform has only 127.0.0.1. */
export function sourceAddressOf(podIp: string, kind: SourceKind): string | undefined {
  if (process.platform !== "linux" || !isPodAddress(podIp)) return undefined;
  turn = (turn + 1) % countOfEach;
  return `127.${firstOf[kind] + turn}.${podIp.slice(podPrefix.length)}`;
}

/** Who connected, as the pod sees it, and whether by the pod's loopback. */
export function peerOf(realAddress: string): { address: string; loopback: boolean } {
  const [first, second = "", ...rest] = realAddress.split(".");
  if (first !== "127") return { address: realAddress, loopback: false };
  const number = Number(second);
  if (number >= firstOf.toItself) return { address: "127.0.0.1", loopback: true };
  if (number >= firstOf.asPod) return { address: podPrefix + rest.join("."), loopback: false };
  if (number >= firstOf.asSidecar) return { address: sidecarAddress, loopback: true };
  return { address: nodeAddress, loopback: false };
}
