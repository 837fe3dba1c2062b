import type { KubeObject } from "../kube/object.ts";

/**
 * What all labs of a cluster share, a gateway's host names and the nodes' ports, would let two runs of one
 * lab meet. Each run gets host names of its own, and the cluster chooses the node ports.
 */
export class OwnNames {
  readonly #suffix: string;
  readonly #hosts = new Set<string>();

  constructor(runId: string) {
    this.#suffix = `.${runId}`;
  }

  /** The object with this run's host names, and without fixed node ports. */
  apply(object: KubeObject): KubeObject {
    const { spec } = object;
    if (!spec) return object;
    if (object.kind === "Service") return { ...object, spec: withoutNodePorts(spec) };
    const group = object.apiVersion?.split("/")[0];
    if (group === "networking.k8s.io" && object.kind === "Ingress")
      return { ...object, spec: this.#replace(spec, ["host", "hosts"]) };
    if (group === "networking.istio.io" && (object.kind === "Gateway" || isAtGateway(object)))
      return { ...object, spec: { ...spec, ...this.#istioHosts(spec) } };
    if (group === "gateway.networking.k8s.io")
      return { ...object, spec: this.#replace(spec, ["hostname", "hostnames"]) };
    return object;
  }

  /** This run's name for a host that a request names; a host that no rule of the run has stays. */
  hostOf(host: string): string {
    const own = [...this.#hosts].some(
      (known) => known === host || (known.startsWith("*.") && host.endsWith(known.slice(1))),
    );
    return own ? host + this.#suffix : host;
  }

  #istioHosts(spec: Readonly<Record<string, unknown>>) {
    // Destinations have a host too, which names a Service: only these two places name what is asked for.
    const servers = spec["servers"] as readonly Record<string, unknown>[] | undefined;
    return {
      ...(spec["hosts"] ? this.#replace({ hosts: spec["hosts"] }, ["hosts"]) : {}),
      ...(servers ? { servers: servers.map((server) => this.#replace(server, ["hosts"])) } : {}),
    };
  }

  #replace(part: Readonly<Record<string, unknown>>, fields: readonly string[]) {
    const walk = (value: unknown, named: boolean): unknown => {
      if (typeof value === "string") return named ? this.#own(value) : value;
      if (Array.isArray(value)) return value.map((element) => walk(element, named));
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, child]) => [key, walk(child, fields.includes(key))]),
      );
    };
    return walk(part, false) as Record<string, unknown>;
  }

  #own(name: string): string {
    // Istio: a gateway's hosts may say whose rules they take, `namespace/host`.
    const [, space = "", host = name] = /^([^/]*\/)(.*)$/.exec(name) ?? [];
    if (host === "*" || !host.includes(".") || host.endsWith(".cluster.local")) return name;
    this.#hosts.add(host);
    return space + host + this.#suffix;
  }
}

/** A VirtualService that a gateway serves; one for the mesh alone names Services. */
function isAtGateway(object: KubeObject): boolean {
  const gateways = (object.spec?.["gateways"] ?? []) as readonly string[];
  return object.kind === "VirtualService" && gateways.some((gateway) => gateway !== "mesh");
}

function withoutNodePorts(spec: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const ports = spec["ports"] as readonly Record<string, unknown>[] | undefined;
  if (!ports) return spec;
  return { ...spec, ports: ports.map((port) => without(port, "nodePort")) };
}

function without(part: Readonly<Record<string, unknown>>, field: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(part).filter(([name]) => name !== field));
}
