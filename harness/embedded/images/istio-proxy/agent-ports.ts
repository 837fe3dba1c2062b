import { createServer, type Server, type ServerResponse } from "node:http";
import { type AppProbe, probeApp } from "./app-probe.ts";

/** What the agent's ports answer from. */
export interface AgentOptions {
  readonly isReady: () => boolean;
  /** Prometheus text. */
  readonly metrics: () => string;
  /** Where the app's probes really go: "/app-health/<container>/readyz" to the original probe. */
  readonly appProbes: Readonly<Record<string, AppProbe>>;
  /** The pod's address: apps are probed there, as by the kubelet. */
  readonly podIp: string;
  readonly onDrain: () => void;
  readonly onQuit: () => void;
}

/** Answers the kubelet on 15021 (readiness) and 15020 (metrics, the app's probes, lifecycle), and scrapers on 15090. */
export function startAgentPorts(options: AgentOptions): readonly Server[] {
  const ready = createServer((request, response) => {
    if (request.url !== "/healthz/ready") return answer(response, 404);
    answer(response, options.isReady() ? 200 : 503);
  }).listen(15021);
  const agent = createServer((request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path === "/stats/prometheus") return answer(response, 200, options.metrics());
    if (path === "/healthz/ready") return answer(response, options.isReady() ? 200 : 503);
    if (path.startsWith("/app-health/")) return void probe(path, options, response);
    return control(request.method, path, options, response);
  }).listen(15020);
  const scrape = createServer((request, response) => {
    if (request.url === "/stats/prometheus") return answer(response, 200, options.metrics());
    answer(response, 404);
  }).listen(15090);
  return [ready, agent, scrape];
}

function control(
  method: string | undefined,
  path: string,
  options: AgentOptions,
  response: ServerResponse,
): void {
  const action = { "/drain": options.onDrain, "/quitquitquit": options.onQuit }[path];
  if (!action) return answer(response, 404);
  if (method !== "POST") return answer(response, 405);
  answer(response, 200);
  action();
}

async function probe(path: string, options: AgentOptions, response: ServerResponse): Promise<void> {
  const wanted = options.appProbes[path];
  answer(response, wanted ? await probeApp(wanted, options.podIp) : 404);
}

function answer(response: ServerResponse, status: number, body = ""): void {
  if (response.headersSent) return;
  response.writeHead(status, { "content-type": "text/plain" });
  response.end(body);
}
