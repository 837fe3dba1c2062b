import { createServer } from "node:http";
import { systemClock } from "../../../time/clock.ts";
import { createInClusterClient } from "../../http-client.ts";
import { IngressController } from "./controller.ts";
import { type Flags, readFlags } from "./flags.ts";
import { openFrontDoor } from "./front-door.ts";
import { IngressProxy } from "./handle-request.ts";
import { clearStatus, keepStatus, type StatusUpdaterOptions } from "./status-updater.ts";

const log = (message: string): void => void process.stderr.write(`${message}\n`);

async function main(flags: Flags): Promise<void> {
  const clock = systemClock;
  const stopping = new AbortController();
  const { signal } = stopping;
  let isReady = false;
  const health = createServer((request, response) => {
    const good = request.url?.startsWith("/healthz") ? isReady : undefined;
    const status = good === undefined ? 404 : good ? 200 : 500;
    response.writeHead(status).end(good ? "ok" : "not ready");
  }).listen(Number(flags["healthz-port"]));

  const client = createInClusterClient();
  const proxy = new IngressProxy({ clock, access: (line) => console.log(line), error: log });
  const controller = await IngressController.start({
    client,
    clock,
    proxy,
    signal,
    controllerClass: flags["controller-class"],
    ingressClass: flags["ingress-class"],
    watchWithoutClass: flags["watch-ingress-without-class"] === "true",
    syncRateLimit: Number(flags["sync-rate-limit"]),
    log,
  });
  const door = await openFrontDoor({
    clock,
    proxy,
    httpPort: Number(flags["http-port"]),
    httpsPort: Number(flags["https-port"]),
  });
  isReady = true;
  log(`ingress-nginx (stand-in of kubelab) serves ports ${door.httpPort} and ${door.httpsPort}`);

  const [namespace = "", name = ""] = flags["publish-service"].split("/");
  const status: StatusUpdaterOptions = {
    client,
    clock,
    signal,
    intervalMs: Number(flags["status-update-interval"]) * 1000,
    publishService: () => controller.service(namespace, name),
    ingresses: () => controller.ours(),
    log,
  };
  const kept = flags["update-status"] === "true" ? keepStatus(status) : Promise.resolve();

  /** The process ends by itself once the last request is answered: nothing else keeps it. */
  const stop = async (): Promise<void> => {
    isReady = false;
    door.drain();
    stopping.abort();
    await kept;
    if (flags["update-status"] === "true") await clearStatus(status);
    await controller.stop();
    client.close();
    health.close();
    health.closeAllConnections();
  };
  process.once("SIGTERM", () => void stop());
  process.once("SIGINT", () => void stop());
}

try {
  await main(readFlags(process.argv.slice(2)));
} catch (error) {
  log((error as Error).message);
  process.exit(1);
}
