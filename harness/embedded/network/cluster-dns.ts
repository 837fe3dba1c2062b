import { isIP } from "node:net";
import { clusterDnsAddress, type PodSandbox } from "../pod-network.ts";
import { isLoopback } from "./addresses.ts";
import type { ServiceTable } from "./service-table.ts";
import type { Failure, ServiceRecord } from "./wire.ts";

/** What a name stands for. */
export type Resolution =
  | { readonly addresses: readonly string[] }
  | { readonly records: readonly ServiceRecord[] }
  /** The machine's resolver knows: an outside name, or where an ExternalName points. */
  | { readonly outside: string }
  | { readonly failures: readonly Failure[] };

const domain = "cluster.local";
/** An ExternalName that points to another is followed this often. */
const maxAliases = 8;

const notFound: Resolution = { failures: [{ code: "ENOTFOUND" }] };
const noData: Resolution = { failures: [{ code: "ENODATA" }] };

export interface ClusterDnsOptions {
  readonly table: ServiceTable;
  readonly isNamespace: (name: string) => boolean;
  readonly random?: () => number;
}

/**
 * The cluster's names, as CoreDNS and a pod's resolv.conf give them.
 * https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
 */
export class ClusterDns {
  readonly #table: ServiceTable;
  readonly #isNamespace: (name: string) => boolean;
  readonly #random: () => number;

  constructor({ table, isNamespace, random = Math.random }: ClusterDnsOptions) {
    this.#table = table;
    this.#isNamespace = isNamespace;
    this.#random = random;
  }

  /** As getaddrinfo in the pod: its hosts file, then DNS with the pod's search domains. */
  lookup(name: string, pod: PodSandbox): Resolution {
    if (isIP(name) !== 0) return { addresses: [name] };
    if (isLoopback(name)) return { addresses: ["127.0.0.1"] };
    const lower = name.toLowerCase();
    const known = lower === pod.hostname.toLowerCase() ? pod.ip : hostOf(pod, lower);
    if (known !== undefined) return { addresses: [known] };
    if (usesHostResolver(pod)) return { outside: name };
    const candidates = candidatesOf(lower, pod);
    for (const candidate of candidates) {
      const found = this.#query(candidate, "A");
      if (found && !("failures" in found)) return found;
    }
    if (this.#isOutside(lower, pod)) return { outside: name };
    const beyond = candidates.find((it) => it !== withoutDot(lower) && !isInDomain(it));
    return beyond === undefined ? notFound : { outside: beyond };
  }

  /** As a DNS query for exactly this name: no search domains. */
  query(name: string, type: string, pod: PodSandbox): Resolution {
    const absolute = withoutDot(name.toLowerCase());
    if (usesHostResolver(pod)) return { outside: name };
    return (
      this.#query(absolute, type) ?? (this.#isOutside(absolute, pod) ? { outside: name } : notFound)
    );
  }

  /** Whether the machine's resolver is asked: single labels and cluster names it cannot know. */
  #isOutside(name: string, pod: PodSandbox): boolean {
    const labels = withoutDot(name).split(".");
    const last = labels.at(-1) ?? "";
    if (labels.length < 2 || last === "svc" || isInDomain(withoutDot(name))) return false;
    return !this.#isNamespace(last) && !this.#table.service(pod.namespace, last);
  }

  /** Undefined for a name outside the cluster's domain. */
  #query(name: string, type: string): Resolution | undefined {
    if (!isInDomain(name)) return undefined;
    const labels = name.slice(0, -domain.length - 1).split(".");
    const kind = labels.pop();
    const namespace = labels.pop();
    if (namespace === undefined) return notFound;
    if (kind === "pod") return this.#podRecord(labels, namespace, type);
    if (kind !== "svc" || labels.length === 0) return notFound;
    return type === "SRV"
      ? this.#srv(labels, namespace)
      : this.#service(labels, namespace, type, 0);
  }

  /** 10-244-0-5.<namespace>.pod.cluster.local: CoreDNS `pods insecure`. */
  #podRecord(labels: string[], namespace: string, type: string): Resolution {
    const ip = labels[0]?.replaceAll("-", ".") ?? "";
    if (labels.length !== 1 || isIP(ip) !== 4 || !this.#isNamespace(namespace)) return notFound;
    return isAddressType(type) ? { addresses: [ip] } : noData;
  }

  #service(labels: string[], namespace: string, type: string, depth: number): Resolution {
    const name = labels.at(-1) ?? "";
    const service = this.#table.service(namespace, name);
    if (!service || labels.length > 2) return notFound;
    const alias = service.spec?.externalName;
    if (service.spec?.type === "ExternalName")
      return alias && labels.length === 1 ? this.#follow(alias, type, depth) : notFound;
    const isHeadless = service.spec?.clusterIP === "None";
    const addresses =
      labels.length === 2
        ? this.#endpointAddresses(namespace, name, labels[0])
        : isHeadless
          ? this.#endpointAddresses(namespace, name, undefined)
          : [service.spec?.clusterIP ?? ""].filter(Boolean);
    if (addresses.length === 0) return notFound;
    return isAddressType(type) ? { addresses } : noData;
  }

  #follow(alias: string, type: string, depth: number): Resolution {
    const target = withoutDot(alias.toLowerCase());
    if (!isInDomain(target)) return { outside: target };
    const labels = target.slice(0, -domain.length - 1).split(".");
    const namespace = labels.at(-2);
    if (depth >= maxAliases || namespace === undefined || labels.at(-1) !== "svc") return notFound;
    return this.#service(labels.slice(0, -2), namespace, type, depth + 1);
  }

  /** Ready endpoints in random order, of all host names or of one. */
  #endpointAddresses(namespace: string, name: string, host: string | undefined): string[] {
    const ready = this.#table.addresses(namespace, name).filter((endpoint) => endpoint.ready);
    const wanted = ready.filter(
      (endpoint) => host === undefined || hostLabelOf(endpoint.hostname, endpoint.address) === host,
    );
    return this.#shuffle(wanted.map(({ address }) => address));
  }

  /** _port._protocol.<service>.<namespace>.svc.cluster.local, or all ports of the Service. */
  #srv(labels: string[], namespace: string): Resolution {
    const name = labels.at(-1) ?? "";
    const service = this.#table.service(namespace, name);
    const [portLabel, protocolLabel] = labels.length === 3 ? labels : [];
    if (!service || (labels.length !== 1 && labels.length !== 3)) return notFound;
    const base = `${name}.${namespace}.svc.${domain}`;
    const ports = (service.spec?.ports ?? []).filter(
      (port) =>
        portLabel === undefined ||
        (`_${port.name ?? ""}` === portLabel &&
          `_${(port.protocol ?? "TCP").toLowerCase()}` === protocolLabel),
    );
    const targets = ports.flatMap((port) =>
      service.spec?.clusterIP === "None"
        ? this.#table
            .endpoints(namespace, name, port.name ?? "")
            .filter((endpoint) => endpoint.ready)
            .map(({ hostname, address, port: number }) => ({
              name: `${hostLabelOf(hostname, address)}.${base}`,
              port: number,
            }))
        : [{ name: base, port: port.port }],
    );
    if (targets.length === 0) return notFound;
    const weight = Math.max(1, Math.floor(100 / targets.length));
    return { records: targets.map((target) => ({ ...target, priority: 0, weight })) };
  }

  #shuffle(addresses: string[]): string[] {
    for (let last = addresses.length - 1; last > 0; last--) {
      const other = Math.floor(this.#random() * (last + 1));
      const [one, two] = [addresses[last], addresses[other]];
      if (one !== undefined && two !== undefined) [addresses[last], addresses[other]] = [two, one];
    }
    return addresses;
  }
}

/** The names that the resolver tries: with the search domains first, unless the name has `ndots` dots itself. */
function candidatesOf(name: string, { resolver }: PodSandbox): string[] {
  if (name.endsWith(".")) return [withoutDot(name)];
  const ndots = Number(resolver.options.find(([option]) => option === "ndots")?.[1] ?? 1);
  const searched = resolver.searches.map((search) => `${name}.${withoutDot(search)}`);
  return name.split(".").length > ndots ? [name, ...searched] : [...searched, name];
}

function hostOf(pod: PodSandbox, name: string): string | undefined {
  return Object.entries(pod.hosts).find(([host]) => host.toLowerCase() === name)?.[1];
}

const usesHostResolver = ({ resolver }: PodSandbox): boolean =>
  !resolver.nameservers.includes(clusterDnsAddress);

const isInDomain = (name: string): boolean => name.endsWith(`.${domain}`);

const isAddressType = (type: string): boolean => type === "A" || type === "ANY";

const withoutDot = (name: string): string => (name.endsWith(".") ? name.slice(0, -1) : name);

/** CoreDNS names an endpoint without a host name by its address. */
const hostLabelOf = (hostname: string | undefined, address: string): string =>
  hostname ?? address.replaceAll(".", "-");
