import type { Service } from "kubernetes-types/core/v1";
import { OutsideListener } from "./outside-listener.ts";
import type { Router } from "./router.ts";
import type { Routes, ServicePort, ServiceTable } from "./service-table.ts";

/** The ways into a Service that are open, to be written where people find them. */
export interface OutsideReport {
  /** Service port → host:port. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Wanted ports that were not free, and what was taken in their place. */
  readonly moved: readonly { readonly wanted: number; readonly taken: number }[];
}

/** Annotation of a Service: JSON {"<service port>": "127.0.0.1:41234"}. */
export const outsideAnnotation = "kubelab.dev/outside";

export interface OutsideAccessOptions {
  readonly table: ServiceTable;
  readonly router: Router;
  readonly report: (service: Service, report: OutsideReport) => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** The address that the ports are opened on. @default "127.0.0.1" */
  readonly host?: string | undefined;
}

interface Way {
  readonly key: string;
  readonly service: Service;
  readonly port: number;
  readonly wanted: number;
  readonly kind: "NodePort" | "LoadBalancer";
}

/** Holds open a port of loopback for each node port and load balancer port, while its Service has endpoints. */
export class OutsideAccess {
  readonly #options: OutsideAccessOptions;
  readonly #listeners = new Map<string, OutsideListener>();
  #routes: Routes | undefined;
  #working: Promise<void> = Promise.resolve();

  constructor(options: OutsideAccessOptions) {
    this.#options = options;
  }

  /** Follows new rules. One at a time: a port is asked for once. */
  follow(routes: Routes): void {
    this.#routes = routes;
    this.#working = this.#working
      .then(() => this.#update(routes))
      .catch((error: unknown) => this.#options.onError(error));
  }

  async close(): Promise<void> {
    await this.#working;
    for (const listener of this.#listeners.values()) listener.close();
    this.#listeners.clear();
  }

  async #update(routes: Routes): Promise<void> {
    const services = [...this.#options.table.services()];
    const wanted = new Map(services.map((service) => [service, waysInto(service)] as const));
    const keys = new Set([...wanted.values()].flat().map(({ key }) => key));
    for (const [key, listener] of this.#listeners) {
      if (keys.has(key)) continue;
      listener.close();
      this.#listeners.delete(key);
    }
    for (const [service, ways] of wanted)
      if (ways.length > 0 || isTold(service)) await this.#updateService(service, ways, routes);
  }

  async #updateService(service: Service, ways: readonly Way[], routes: Routes): Promise<void> {
    const addresses: Record<string, string> = {};
    const moved: { wanted: number; taken: number }[] = [];
    for (const way of ways) {
      const listener = this.#listenerFor(way);
      // A port is found at once, and closed where kube-proxy rejects for want of endpoints.
      if (!(await listener.open())) moved.push({ wanted: way.wanted, taken: listener.port });
      if (endpointCount(routes, way) === 0) listener.refuse();
      addresses[String(way.port)] = `127.0.0.1:${listener.port}`;
    }
    await this.#options.report(service, { addresses, moved });
  }

  #listenerFor(way: Way): OutsideListener {
    const known = this.#listeners.get(way.key);
    if (known) return known;
    const listener = new OutsideListener({
      port: way.wanted,
      host: this.#options.host,
      route: async (signal) => {
        const port = this.#routes && servicePort(this.#routes, way);
        const reply = port && (await this.#options.router.fromOutside(port, signal));
        return reply?.target;
      },
    });
    this.#listeners.set(way.key, listener);
    return listener;
  }
}

/** A Service that has no way in any more still says that it had. */
const isTold = ({ metadata }: Service): boolean =>
  metadata?.annotations?.[outsideAnnotation] !== undefined;

/** Node ports first: where a Service has both, the load balancer's address is the one to tell. */
function waysInto(service: Service): Way[] {
  const type = service.spec?.type;
  if (type !== "NodePort" && type !== "LoadBalancer") return [];
  const { uid } = service.metadata ?? {};
  return (service.spec?.ports ?? [])
    .filter(({ protocol }) => (protocol ?? "TCP") === "TCP")
    .flatMap(({ port, nodePort }): Way[] => {
      const key = `${uid}:${port}`;
      const byNode = nodePort
        ? [
            {
              key: `${key}:node:${nodePort}`,
              service,
              port,
              wanted: nodePort,
              kind: "NodePort",
            } as const,
          ]
        : [];
      if (type === "NodePort") return byNode;
      return [
        ...byNode,
        { key: `${key}:balancer`, service, port, wanted: port, kind: "LoadBalancer" },
      ];
    });
}

function servicePort(routes: Routes, { service, port }: Way): ServicePort | undefined {
  return routes.byAddress.get(`${service.spec?.clusterIP}:${port}`);
}

const endpointCount = (routes: Routes, way: Way): number =>
  servicePort(routes, way)?.endpoints.length ?? 0;
