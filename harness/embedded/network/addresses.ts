import { isIPv4 } from "node:net";

/** The node's address on the pods' bridge: what a pod sees of connections from outside the cluster. */
export const nodeAddress = "10.244.0.1";

const podPrefix = "10.244.";
const servicePrefix = "10.96.";
/** Linux answers on all of 127.0.0.0/8, so a loopback source address can say which pod connects. */
const podSourcePrefix = "127.244.";
const ownSourcePrefix = "127.245.";

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

/** The real source address of connections from this pod, to others or to itself over its loopback. */
export function sourceAddressOf(podIp: string, toItself: boolean): string | undefined {
  if (process.platform !== "linux" || !isPodAddress(podIp)) return undefined;
  return (toItself ? ownSourcePrefix : podSourcePrefix) + podIp.slice(podPrefix.length);
}

/** Who connected, as the pod sees it, and whether by the pod's loopback. */
export function peerOf(realAddress: string): { address: string; loopback: boolean } {
  if (realAddress.startsWith(podSourcePrefix))
    return { address: podPrefix + realAddress.slice(podSourcePrefix.length), loopback: false };
  if (realAddress.startsWith(ownSourcePrefix)) return { address: "127.0.0.1", loopback: true };
  if (realAddress === "127.0.0.1") return { address: nodeAddress, loopback: false };
  return { address: realAddress, loopback: realAddress.startsWith("127.") };
}
