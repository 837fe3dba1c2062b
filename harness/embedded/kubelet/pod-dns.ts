import { readFileSync } from "node:fs";
import type { Pod } from "kubernetes-types/core/v1";
import { clusterDnsAddress, type PodResolver } from "../pod-network.ts";

/** How the pod resolves names: its `dnsPolicy`, with what its `dnsConfig` adds. */
export function resolverOf({ metadata, spec }: Pod): PodResolver {
  const { nameservers = [], searches = [], options = [] } = spec?.dnsConfig ?? {};
  const base = baseOf(spec?.dnsPolicy ?? "ClusterFirst", metadata?.namespace ?? "");
  const merged = new Map(base.options);
  for (const { name = "", value = "" } of options) merged.set(name, value);
  return {
    nameservers: [...new Set([...base.nameservers, ...nameservers])],
    searches: [...new Set([...base.searches, ...searches])],
    options: [...merged],
  };
}

/** The text of /etc/resolv.conf. */
export function resolvConf({ nameservers, searches, options }: PodResolver): string {
  const words = options.map(([name, value]) => (value === "" ? name : `${name}:${value}`));
  return [
    ...(searches.length > 0 ? [`search ${searches.join(" ")}`] : []),
    ...nameservers.map((address) => `nameserver ${address}`),
    ...(words.length > 0 ? [`options ${words.join(" ")}`] : []),
  ].join("\n");
}

function baseOf(policy: string, namespace: string): PodResolver {
  if (policy === "None") return { nameservers: [], searches: [], options: [] };
  if (policy === "Default") return ofMachine();
  return {
    nameservers: [clusterDnsAddress],
    searches: [`${namespace}.svc.cluster.local`, "svc.cluster.local", "cluster.local"],
    options: [["ndots", "5"]],
  };
}

/** What the machine's own /etc/resolv.conf says; off Unix there is none. */
function ofMachine(): PodResolver {
  let text = "";
  try {
    text = readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    // Names are then asked of the system, whatever it uses.
  }
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  const valuesOf = (keyword: string): string[] =>
    lines.filter(([word]) => word === keyword).flatMap(([, ...values]) => values);
  return {
    nameservers: valuesOf("nameserver"),
    searches: valuesOf("search"),
    options: valuesOf("options").map((word) => {
      const [name = "", value = ""] = word.split(":");
      return [name, value] as const;
    }),
  };
}
