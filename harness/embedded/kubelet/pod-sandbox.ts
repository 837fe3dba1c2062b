import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pod } from "kubernetes-types/core/v1";
import type { PodSandbox } from "../pod-network.ts";
import type { Mount } from "./file-view.ts";
import { resolvConf, resolverOf } from "./pod-dns.ts";

/** Hands out pod addresses in order, each again only after all others. */
export class AddressPool {
  readonly #used = new Set<string>();
  #next = 2;

  take(): string {
    for (let tries = 0; tries < 65_536; tries++) {
      const number = this.#next;
      this.#next = this.#next >= 65_533 ? 2 : this.#next + 1;
      const last = number % 256;
      const address = `10.244.${Math.floor(number / 256)}.${last}`;
      if (last === 0 || last === 255 || this.#used.has(address)) continue;
      this.#used.add(address);
      return address;
    }
    throw new Error("no pod address is free");
  }

  release(address: string): void {
    this.#used.delete(address);
  }
}

/** A pod's place on the network, from before its first container until after its last. */
export interface RunningSandbox {
  readonly network: PodSandbox;
  readonly hostFiles: readonly Mount[];
  readonly madeAtMs: number;
  /** False once the pod has left the network. */
  readonly ready: boolean;
}

/** How the pod appears on the network. Throws where its host name is too long. */
export function toSandbox(pod: Pod, ip: string): PodSandbox {
  const { metadata, spec } = pod;
  const hosts: Record<string, string> = {};
  for (const { ip: address, hostnames = [] } of spec?.hostAliases ?? [])
    for (const name of hostnames) if (address) hosts[name] = address;
  for (const name of ownNames(pod)) hosts[name] = ip;
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    ip,
    hostname: hostnameOf(pod),
    resolver: resolverOf(pod),
    hosts,
  };
}

/** The longest host name that Linux takes. */
const longestName = 64;

function hostnameOf(pod: Pod): string {
  const names = ownNames(pod);
  const [full = ""] = names;
  if (!pod.spec?.setHostnameAsFQDN || names.length === 1) return names.at(-1) ?? "";
  if (full.length > longestName)
    throw new Error(
      `Failed to construct FQDN from Pod hostname and cluster domain, FQDN ${full} is too long (${longestName} characters is the max, ${full.length} characters requested)`,
    );
  return full;
}

/** The pod's names in its hosts file: the full one, where it has a subdomain, then the short one. */
function ownNames({ metadata, spec }: Pod): string[] {
  // Kubernetes: `spec.hostname`, else the pod's name, cut to 63 characters.
  const short = spec?.hostname || (metadata?.name ?? "").slice(0, 63).replace(/[-.]+$/, "");
  if (!spec?.subdomain) return [short];
  return [`${short}.${spec.subdomain}.${metadata?.namespace}.svc.cluster.local`, short];
}

/** Writes /etc/hosts, /etc/hostname and /etc/resolv.conf of the pod and says where they appear. */
export function writeHostFiles(pod: Pod, sandbox: PodSandbox, folder: string): Mount[] {
  const { hostname, ip, resolver } = sandbox;
  const { hostAliases = [] } = pod.spec ?? {};
  const hosts = [
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
    [ip, ...ownNames(pod)].join("\t"),
    ...(hostAliases.length > 0 ? ["", "# Entries added by HostAliases."] : []),
    ...hostAliases.map((alias) => `${alias.ip}\t${(alias.hostnames ?? []).join("\t")}`),
  ];
  const files: Readonly<Record<string, string>> = {
    hosts: hosts.join("\n"),
    hostname: hostname,
    "resolv.conf": resolvConf(resolver),
  };
  mkdirSync(folder, { recursive: true });
  return Object.entries(files).map(([name, text]) => {
    writeFileSync(join(folder, name), `${text}\n`);
    return { containerPath: `/etc/${name}`, hostPath: join(folder, name), readOnly: false };
  });
}
