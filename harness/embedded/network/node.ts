import type { Server } from "node:net";
import { systemClock, type Clock } from "../../time/clock.ts";
import { ClusterDns } from "./cluster-dns.ts";
import { startControlServer } from "./control-server.ts";
import { EndpointChoice } from "./endpoint-choice.ts";
import { PodRegistry } from "./pod-registry.ts";
import { Router } from "./router.ts";
import { ServiceTable, type Routes } from "./service-table.ts";
import { Sidecars } from "./sidecars.ts";
import { SyncRunner } from "./sync-runner.ts";

export interface NodeOptions {
  /** The control socket's path, or a named pipe. */
  readonly socketPath: string;
  readonly secret: string;
  /** The shortest time between two updates of the routing rules. @default 1000, as kube-proxy */
  readonly endpointLagMs?: number;
  readonly apiServer: { readonly host: string; readonly port: number };
  readonly clock?: Clock;
  /** Told after each update of the rules. */
  readonly onRoutes?: (routes: Routes) => void;
}

/** The node's network: everything of the node proxy but the API watch and the listeners for outside. */
export interface NodeNetwork extends AsyncDisposable {
  readonly table: ServiceTable;
  readonly pods: PodRegistry;
  readonly router: Router;
  /** Call after each change of the table. */
  changed(): void;
}

export async function startNodeNetwork(options: NodeOptions): Promise<NodeNetwork> {
  const { clock = systemClock, endpointLagMs = 1_000, socketPath, secret, apiServer } = options;
  const table = new ServiceTable();
  const pods = new PodRegistry();
  const sidecars = new Sidecars();
  let routes: Routes = { byAddress: new Map(), byNodePort: new Map() };
  const runner = new SyncRunner(clock, endpointLagMs, () => {
    routes = table.toRoutes();
    options.onRoutes?.(routes);
  });
  const isNamespace = (name: string) => pods.hasNamespace(name) || table.hasNamespace(name);
  const dns = new ClusterDns({ table, isNamespace });
  const choice = new EndpointChoice(clock);
  const router = new Router({ clock, pods, sidecars, choice, routes: () => routes, apiServer });
  const server = await startControlServer(socketPath, { secret, pods, sidecars, dns, router });
  return {
    table,
    pods,
    router,
    changed: () => runner.changed(),
    async [Symbol.asyncDispose]() {
      runner.stop();
      await closed(server);
    },
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
