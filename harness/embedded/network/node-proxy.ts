import { once } from "node:events";
import { createInterface } from "node:readline";
import { systemClock } from "../../time/clock.ts";
import { EventRecorder } from "../events.ts";
import { createHttpClient, readKubeConfig } from "../http-client.ts";
import { startNodeNetwork } from "./node.ts";
import { OutsideAccess } from "./outside-access.ts";
import { reportOutside } from "./outside-report.ts";
import type { ProxyConfig } from "./proxy-process.ts";
import type { Routes } from "./service-table.ts";
import { watchServices } from "./service-watch.ts";

/** How long a start waits for the first list of Services. */
const patienceMs = 1_000;

/** The node proxy's process: told what to do on standard input, and ends when that ends. */
async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  const [line] = (await once(lines, "line")) as [string];
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  lines.once("close", stop);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, stop);
  await startProxy(JSON.parse(line) as ProxyConfig, stopped.signal);
  process.stdout.write("ready\n");
  if (!stopped.signal.aborted) await once(stopped.signal, "abort");
}

async function startProxy(config: ProxyConfig, signal: AbortSignal): Promise<void> {
  const clock = systemClock;
  const access = readKubeConfig(config.kubeconfigPath);
  const client = createHttpClient(access);
  const recorder = new EventRecorder({ client, clock, component: "kube-proxy", host: "kubelab" });
  let follow = (_routes: Routes): void => {};
  const node = await startNodeNetwork({
    ...config,
    apiServer: addressOf(access.server),
    clock,
    onRoutes: (routes) => follow(routes),
  });
  const outside = new OutsideAccess({
    table: node.table,
    router: node.router,
    host: config.outsideHost,
    report: (service, report) => reportOutside(client, recorder, service, report),
    onError: (error) => console.error("ways in from outside:", error),
  });
  follow = (routes) => outside.follow(routes);
  const changed = () => node.changed();
  const listed = watchServices({ client, table: node.table, changed, clock, signal });
  // Pods may join before the API answers; where it does, the first of them find their Services.
  await Promise.race([listed.catch(() => {}), clock.sleep(patienceMs)]);
}

function addressOf(server: string): { host: string; port: number } {
  const { hostname, port } = new URL(server);
  return { host: hostname, port: Number(port || 443) };
}

await main();
process.exit();
