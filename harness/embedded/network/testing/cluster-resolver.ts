import { clusterDnsAddress, type PodResolver } from "../../pod-network.ts";

/** How a pod of this namespace resolves names where it asks for nothing else. */
export function clusterResolver(namespace: string): PodResolver {
  return {
    nameservers: [clusterDnsAddress],
    searches: [`${namespace}.svc.cluster.local`, "svc.cluster.local", "cluster.local"],
    options: [["ndots", "5"]],
  };
}
